import type { Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { seriousFindings } from "./harness/axe.ts";
import { DESKTOP, PHONE } from "./harness/browser.ts";
import { scene } from "./harness/scene.ts";
import { fill, merchantTour, operatorTour, type Sights, type Stop } from "./harness/tour.ts";

const on = scene({ PAYRAIL_RETRY_BASE_MS: "600000" });

let sights: Sights;
beforeAll(async () => {
  sights = await fill(on.server);
});

const looks = [
  { colorScheme: "light", viewport: DESKTOP },
  { colorScheme: "dark", viewport: DESKTOP },
  { colorScheme: "light", viewport: PHONE },
] as const;

/** One visit to all pages: none may have a serious finding, nor be wider than the window. */
async function walk(page: Page, stops: Stop[]): Promise<void> {
  const findings: Record<string, string[]> = {};
  for (const stop of stops) {
    await stop.show(page);
    await page.waitForLoadState("networkidle");
    const found = await seriousFindings(page);
    const tooWide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    if (tooWide > 0) found.push(`${tooWide} pixels wider than the window`);
    if (found.length > 0) findings[stop.name] = found;
  }
  expect(findings).toEqual({});
}

describe.each(looks)("$colorScheme, $viewport.width wide", (look) => {
  test("no page of the merchant's keeps anybody out", async () => {
    const { page } = (await on.open(look)).allow(/400/, /503/, /net::ERR_/);
    await walk(page, merchantTour(sights));
  });

  test("no page of the operator's keeps anybody out", async () => {
    const { page } = (await on.open(look)).allow(/net::ERR_/);
    await walk(page, operatorTour(sights));
  });
});
