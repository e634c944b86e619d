import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { beforeAll, describe, test } from "vitest";
import { scene } from "./harness/scene.ts";
import { calm, enrich, fill, longTour, merchantTour, operatorTour, type Sights, type Stop } from "./harness/tour.ts";

// Every page at every width, light and dark, with little and with much data. The few that the README shows go into
// docs/, all others beside what is built.
const top = fileURLToPath(new URL("../..", import.meta.url));
const IN_README = new Set([
  "overview-light-1280",
  "payout-light-1280",
  "double-spend-light-1280",
  "payouts-dark-390",
  "admin-overview-light-1280",
  "admin-decide-light-1280",
]);

const on = scene({ PAYRAIL_RETRY_BASE_MS: "600000" }, 5_250);
let sights: Sights;

beforeAll(async () => {
  sights = await fill(on.server);
  await enrich(on.server);
  await Promise.all(["docs", "target"].map((place) => mkdir(join(top, place, "screenshots"), { recursive: true })));
});

const looks = [320, 390, 720, 1024, 1280, 1440].flatMap((width) =>
  (["light", "dark"] as const).map((colorScheme) => ({
    colorScheme,
    viewport: { width, height: width < 640 ? 844 : 800 },
  })),
);

const TALLEST = 4_000;

/** As tall as the page is, so that what stands at the window's edges stands at the picture's. */
async function unfold(page: Page, viewport: { width: number; height: number }): Promise<void> {
  const isCovered = (await page.getByRole("dialog").or(page.getByRole("alertdialog")).count()) > 0;
  if (isCovered) return;
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  // A list without end is shown as a window shows it.
  if (height > TALLEST) return;
  await page.setViewportSize({ ...viewport, height: Math.max(viewport.height, height) });
  await page.evaluate(() => window.scrollTo(0, 0));
}

async function take(page: Page, stops: Stop[], look: (typeof looks)[number]): Promise<void> {
  for (const stop of stops) {
    await page.setViewportSize(look.viewport);
    await stop.show(page);
    await page.waitForLoadState("networkidle");
    await page.evaluate(() => document.fonts.ready);
    await unfold(page, look.viewport);
    const name = `${stop.name}-${look.colorScheme}-${look.viewport.width}`;
    const place = IN_README.has(name) ? "docs" : "target";
    await page.screenshot({ path: join(top, place, "screenshots", `${name}.png`) });
  }
}

describe.each(looks)("$colorScheme, $viewport.width wide", (look) => {
  test("the merchant's pages", async () => {
    const { page } = (await on.open(look)).allow(/400/, /503/, /net::ERR_/);
    await take(page, merchantTour(sights), look);
  });

  test("the merchant's pages with a long history", async () => {
    const { page } = await on.open(look);
    await take(page, await longTour(on.server), look);
  });

  test("the operator's pages", async () => {
    await calm(on.server);
    const { page } = (await on.open(look)).allow(/net::ERR_/);
    await take(page, operatorTour(sights), look);
  });
});
