import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { cutOff } from "./harness/cut_off.ts";
import { DEADLINE_MS } from "./harness/deadline.ts";
import { available, payButton, preparePayout, signInFilled } from "./harness/merchant.ts";
import { scene } from "./harness/scene.ts";
import { FILLED } from "./harness/server.ts";
import { untilCodeIsAhead } from "./harness/shows.ts";

// A merchant with 30,000 payouts and a balance in crores: what is fine with ten payouts may not be with these.
const PAYOUTS = 30_000;
const on = scene({}, PAYOUTS);

interface Payout {
  id: string;
  reference: string;
  utr: string;
  created_at: string;
}

/** One of long ago, whom no list on a page has. */
async function oldPayout(): Promise<Payout> {
  const from = new Date(Date.now() - 50 * 86_400_000).toISOString();
  const to = new Date(Date.now() - 20 * 86_400_000).toISOString();
  const path = `/api/v1/payouts/?view=full&limit=1&from=${from}&to=${to}`;
  const [payout] = await on.server.json<Payout[]>(FILLED, path);
  if (!payout) throw new Error("there is no old payout");
  return payout;
}

const openPalette = async (page: Page) => {
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog").getByRole("combobox").waitFor();
};

const path = (page: Page) => new URL(page.url()).pathname;

test("pasted into Ctrl K, an id, a reference, a UTR or an ending opens exactly its payout", async () => {
  const { page } = await on.open();
  await signInFilled(page);
  const payout = await oldPayout();
  for (const text of [payout.utr, payout.reference, payout.id, payout.id.slice(-8)]) {
    await page.getByRole("link", { name: "Overview" }).first().click();
    await expect.poll(() => path(page)).toBe("/");
    await openPalette(page);
    await page.keyboard.insertText(text);
    await page.keyboard.press("Enter");
    await expect.poll(() => path(page)).toBe(`/payouts/${payout.id}`);
  }
  await openPalette(page);
  await page.keyboard.insertText(payout.utr);
  await page.getByRole("option").getByText("by UTR").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("link", { name: "Overview" }).first().click();
  await openPalette(page);
  await page.keyboard.insertText(`${payout.utr}0`);
  await page.keyboard.press("Enter");
  await page.getByText("No exact match.").waitFor();
  expect(path(page)).toBe("/");
});

test("no amount is cut off at any width", async () => {
  const { page } = await on.open();
  await signInFilled(page);
  const payout = await oldPayout();
  for (const place of ["/", "/payouts", "/ledger", `/payouts/${payout.id}`]) {
    await page.goto(place);
    await page.getByText("₹").first().waitFor();
    await page.waitForLoadState("networkidle");
    for (const summary of await page.getByText("Show as a table").all()) await summary.click();
    for (const width of [320, 390, 720, 1024, 1280, 1440]) {
      await page.setViewportSize({ width, height: 800 });
      // A chart is measured after the page's layout, and drawn anew some frames later: the page comes to rest.
      await expect.poll(() => cutOff(page), { message: `${place} at ${width}` }).toEqual([]);
    }
  }
  await page.goto("/");
  await preparePayout(page, "1,00,00,00,000", "demo-success");
  await payButton(page).waitFor();
  for (const width of [320, 390, 640, 720, 1440]) {
    await page.setViewportSize({ width, height: 800 });
    await expect.poll(() => cutOff(page), { message: `the confirmation at ${width}` }).toEqual([]);
  }
});

const rowCount = async (page: Page) => Number(await page.getByRole("table").getAttribute("data-rows"));

test("a list of 30,000 is scrolled to its end, in little memory; one payout costs few requests and moves no row", async () => {
  const { page, context } = await on.open();
  await signInFilled(page);
  await page.getByRole("link", { name: "Payouts", exact: true }).first().click();
  await page.locator("[data-live=live]").first().waitFor();
  const asked: string[] = [];
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.pathname === "/api/v1/payouts" && request.method() === "GET") asked.push(url.search);
  });
  const scrollToEnd = () => page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight));
  await expect
    .poll(
      async () => {
        await scrollToEnd();
        return await rowCount(page);
      },
      { timeout: 4 * DEADLINE_MS, interval: 30 },
    )
    .toBe(PAYOUTS);
  expect(await page.getByRole("row").count()).toBeLessThan(120);

  const session = await context.newCDPSession(page);
  await session.send("HeapProfiler.enable");
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  console.log(`${PAYOUTS} payouts in a list: ${(usedSize / 1e6).toFixed(1)} MB of JavaScript heap`);
  expect(usedSize).toBeLessThan(60_000_000);

  await page.evaluate(() => window.scrollTo(0, 40_000));
  const link = page.getByRole("row").nth(30).getByRole("link");
  const before = {
    text: await link.textContent(),
    href: await link.getAttribute("href"),
    box: await link.boundingBox(),
  };
  asked.length = 0;
  const since = Date.now();
  const id = await on.server.pay(FILLED, 777, "demo-success");
  await page.getByRole("button", { name: /^1 new/ }).waitFor();
  await expect
    .poll(async () => (await on.server.json<{ status: string }>(FILLED, `/api/v1/payouts/${id}/`)).status)
    .toBe("completed");
  expect(await link.getAttribute("href")).toBe(before.href);
  expect(await link.boundingBox()).toEqual(before.box);
  // A few for the events, and one for each time that the page looks by itself.
  expect(asked.length).toBeLessThan(8 + (Date.now() - since) / 20_000);
  expect(asked.every((search) => !search.includes("before="))).toBe(true);
  // A click is a click, however long the list is.
  await link.click();
  await expect.poll(() => path(page)).toBe(before.href);
  await page.goBack();
  await page.getByRole("button", { name: /^1 new/ }).click();
  await page.getByRole("row").nth(1).getByText("₹7.77").waitFor();
});

test("the server goes away and comes back: the page says so, stays whole, and goes on without a reload", async () => {
  const { page } = (await on.open()).allow(/net::ERR_/);
  await signInFilled(page);
  await page.locator("[data-live=live]").first().waitFor();
  await untilCodeIsAhead(page);
  await page.evaluate(() => Object.assign(window, { sameDocument: true }));
  const figure = await available(page).textContent();
  await on.server.kill();
  await page.getByText(/^Not connected\. Figures from \d\d:\d\d\./).waitFor();
  expect(await available(page).textContent()).toBe(figure);

  // A page that was not visited yet, and Ctrl K: both are there.
  await page.getByRole("link", { name: "Ledger" }).first().click();
  await page.getByRole("heading", { level: 1, name: "Ledger" }).waitFor();
  await page.getByText("The ledger entries could not be loaded").waitFor();
  await openPalette(page);
  await page.keyboard.insertText("123456");
  await page.getByRole("dialog").getByText("The server cannot be reached").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("heading", { level: 1, name: "Ledger" }).waitFor();

  await on.server.restart();
  await page.getByText("Not connected.").waitFor({ state: "hidden" });
  await page.getByRole("row").nth(3).waitFor();
  await page.locator("[data-live=live]").first().waitFor();
  expect(await page.evaluate(() => "sameDocument" in window)).toBe(true);
});

test("dates are of one time zone, which is shown, changed and kept; a reversed period says so", async () => {
  const { page } = await on.open();
  await signInFilled(page);
  const payout = await oldPayout();
  await page.goto(`/payouts/${payout.id}`);
  const in_ = (zone: string) =>
    new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: zone }).format(
      new Date(payout.created_at),
    );
  const first = page
    .getByRole("list", { name: /^Timeline/ })
    .locator("time")
    .first();
  expect(await first.textContent()).toContain(in_("Asia/Kolkata"));
  await page.getByText(/^Paid on \d{1,2} \w{3} \d{4}, \d\d:\d\d · UTR /).waitFor();

  await page.getByRole("link", { name: "Payouts", exact: true }).first().click();
  await page.getByLabel("Dates", { exact: true }).selectOption("yesterday");
  await expect.poll(() => new URL(page.url()).search).toMatch(/from=\d{4}-\d\d-\d\d&to=/);
  await page.getByRole("row").nth(2).waitFor();
  await page.getByLabel("Dates", { exact: true }).selectOption("custom");
  await page.getByLabel("From", { exact: true }).fill("2026-10-10");
  await page.getByLabel("To", { exact: true }).fill("2026-10-09");
  await page.getByText("The end date is before the start date. Swap them.").waitFor();

  await page.getByRole("button", { name: "Time zone: IST" }).first().click();
  await page.getByRole("menuitemradio", { name: "UTC" }).click();
  await page.getByRole("button", { name: "Time zone: UTC" }).first().waitFor();
  await page.goto(`/payouts/${payout.id}`);
  expect(await first.textContent()).toContain(in_("UTC"));
  await page.getByText(/UTC$/).first().waitFor();
  const asked = page.waitForRequest((request) => request.url().includes("/insights"));
  await page.getByRole("link", { name: "Overview" }).first().click();
  expect((await asked).url()).toContain("zone=UTC");
});

test("the focus comes back to where it was, and charts are read with arrow keys", async () => {
  const { page } = await on.open();
  await signInFilled(page);
  const focused = () =>
    page.evaluate(
      () => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent?.trim(),
    );
  const button = page.getByRole("button", { name: "New payout" }).first();
  await button.focus();
  await page.keyboard.press("Enter");
  await page.getByLabel("Amount in rupees").waitFor();
  await page.keyboard.press("Escape");
  await expect.poll(focused).toBe("New payout");
  await openPalette(page);
  await page.keyboard.press("Escape");
  await expect.poll(focused).toBe("New payout");
  // Opened without anything in focus, it leaves the focus on the content, not on nothing.
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await openPalette(page);
  await page.keyboard.press("Escape");
  await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe("main");

  for (const name of ["Balance over time", "Payouts by day and outcome"]) {
    const chart = page.getByRole("slider", { name });
    await chart.focus();
    await page.keyboard.press("Home");
    const oldest = await chart.getAttribute("aria-valuetext");
    await page.keyboard.press("End");
    const newest = await chart.getAttribute("aria-valuetext");
    expect(newest).toMatch(/₹/);
    expect(newest).not.toBe(oldest);
    await page.keyboard.press("ArrowLeft");
    expect(await chart.getAttribute("aria-valuetext")).not.toBe(newest);
  }
});

test("a funding shows on the open page by its event: nothing else made the page read", async () => {
  const { page } = await on.open();
  // The page's own clock does not poll. Whatever it reads, an event made it read.
  await page.addInitScript(() => {
    const real = window.setInterval;
    window.setInterval = ((act: () => void, pace?: number) => (pace === 1_000 ? 0 : real(act, pace))) as typeof real;
  });
  await signInFilled(page);
  await page.locator("[data-live=live]").first().waitFor();
  await page.waitForLoadState("networkidle");
  let reads = 0;
  page.on("request", (request) => {
    if (new URL(request.url()).pathname === "/api/v1/me") reads += 1;
  });
  const before = await available(page).textContent();
  const { id } = await on.server.json<{ id: string }>(FILLED, "/api/v1/me/");
  expect(reads).toBe(0);
  await on.server.fund(id, 12_345, "Top-up");
  await expect.poll(() => available(page).textContent()).not.toBe(before);
  expect(reads).toBe(1);
});
