import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { scene } from "./harness/scene.ts";
import { fill, merchantTour, operatorTour, type Sights, type Stop } from "./harness/tour.ts";

const on = scene({ PAYRAIL_RETRY_BASE_MS: "600000" });

let sights: Sights;
beforeAll(async () => {
  sights = await fill(on.server);
});

/** Words that were replaced: each thing has one name in both applications, in plain English. */
const BANNED = [
  /\bdoubtful\b/i,
  // The issue's own two texts are the exceptions.
  /\breserved?\b(?! for payouts in progress| the amount immediately)/i,
  /₹[\d,.]+ together/i,
  /\bcredit(ed)? ₹|₹[\d,.]+ credited|came in\b|\bpaid in\b/i,
  /an operator decides/i,
  /\bwhat happened\b/i,
  /\bunder way\b|\bearlier bank\b/i,
  /\bauditor\b|\bdemonstration\b|\bbooks?\b/i,
  /\be-mail\b|\bId\b|\b(payout|merchant) id\b/,
  /every action|as the system|times and days are shown|from … to …|first day|last day|exchange the two/i,
  /in these days|search older ones|search or run|keep it as it is|that there are stay/i,
  /at once, for good|nobody can (act|look)|present (password|state)|has a disruption/i,
  /by (itself|themselves)\b|another bank|\bhas met\b|\bmet by\b|bank until now|bank that answers|another one/i,
  /pays twice|does not fit|another (amount|utr)|set aside|outside world|it balances|of them in doubt/i,
  /not a whole key|for ever|remembered requests|spend it twice|so that you can/i,
  /\b(silent)\b(?<!demo-silent)|\btook\b|\bnewest (payouts\b|ledger entries)/i,
  // Times of no zone that anybody chose.
  /\d{4}-\d\d-\d\dT\d\d:\d\d/,
];

/** All that a person reads on a page, or has read out. The bank's own letters are the bank's. */
const textOf = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const bodies = [...document.querySelectorAll("pre, code")].map((element) => element.textContent ?? "");
    const labels = [...document.querySelectorAll("[aria-label], [title], [placeholder]")].flatMap((element) =>
      ["aria-label", "title", "placeholder"].map((name) => element.getAttribute(name) ?? ""),
    );
    // biome-ignore lint/performance/useDomNodeTextContent: only what is visible counts.
    const lines = document.body.innerText.split("\n");
    return [...lines, ...labels].filter((line) => line !== "" && !bodies.some((body) => body.includes(line)));
  });

async function walk(page: Page, stops: Stop[]): Promise<void> {
  const found: string[] = [];
  for (const stop of stops) {
    await stop.show(page);
    for (const line of await textOf(page)) {
      const words = BANNED.find((pattern) => pattern.test(line));
      if (words) found.push(`${stop.name}: ${line} (${words})`);
    }
  }
  expect(found).toEqual([]);
}

test("the merchant's pages use one vocabulary", async () => {
  const { page } = (await on.open()).allow(/400/, /503/, /net::ERR_/);
  await walk(page, merchantTour(sights));
});

test("the operator's pages use the same one", async () => {
  const { page } = (await on.open()).allow(/net::ERR_/);
  await walk(page, operatorTour(sights));
});
