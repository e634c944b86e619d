import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { DESKTOP } from "./harness/browser.ts";
import { cutOff } from "./harness/cut_off.ts";
import { goTo, openMerchant, signInOperator } from "./harness/operator.ts";
import { scene } from "./harness/scene.ts";
import { ACME, FIAZ } from "./harness/server.ts";
import { untilCodeIsAhead } from "./harness/shows.ts";

// A doubt stays one: calls are repeated after minutes.
const on = scene({ PAYRAIL_RETRY_BASE_MS: "600000" });

interface Story {
  status: string;
  utr: string | null;
  reference: string;
}

async function paid(key: string, paise: number): Promise<{ id: string } & Story> {
  const id = await on.server.pay(key, paise, "demo-success");
  const read = () => on.server.json<Story>(key, `/api/v1/payouts/${id}/`);
  await expect.poll(async () => (await read()).status).toBe("completed");
  return { id, ...(await read()) };
}

async function search(page: Page, text: string): Promise<void> {
  await page.keyboard.press("Control+k");
  await page.getByPlaceholder(/^Amount, UTR, ID/).fill(text);
}

test("a UTR, an id, an ending and an amount lead to exactly that payout, whosever it is", async () => {
  const { page } = await on.open();
  const wanted = await paid(ACME, 43_210);
  for (let count = 0; count < 12; count += 1) await on.server.pay(count % 2 ? ACME : FIAZ, 100 + count, "demo-success");
  await signInOperator(page);
  for (const [text, by] of [
    [wanted.utr ?? "", "by UTR"],
    [wanted.id, "by payout ID"],
    [wanted.reference, "by reference"],
    [`…${wanted.id.slice(-8)}`, "by last 8 characters"],
    ["₹432.10", "by amount"],
  ] as const) {
    await search(page, text);
    const option = page.getByRole("option").filter({ hasText: by });
    await option.getByText("₹432.10 of Acme Agency to demo-success").waitFor();
    await page.keyboard.press("Enter");
    await expect.poll(() => new URL(page.url()).pathname).toContain(wanted.id);
    await goTo(page, "Overview");
  }
  await search(page, "TINY@example.com");
  await page.getByRole("option").filter({ hasText: "by email" }).click();
  await page.getByRole("heading", { level: 1, name: "Tiny Studio" }).waitFor();
});

test("a part of a UTR opens no payout", async () => {
  const { page } = await on.open();
  const wanted = await paid(FIAZ, 1_234);
  await signInOperator(page);
  await search(page, (wanted.utr ?? "").slice(1));
  await page.getByText(/Show all payouts that mention/).waitFor();
  expect(await page.getByRole("option").filter({ hasText: "by UTR" }).count()).toBe(0);
});

test("the focus returns to where it was after search and after funding", async () => {
  const { page } = await on.open();
  await signInOperator(page);
  await openMerchant(page, "Acme Agency");
  const fund = page.getByRole("button", { name: "Fund", exact: true });
  await fund.focus();
  await page.keyboard.press("Enter");
  await page.getByLabel("Amount in rupees").waitFor();
  await page.keyboard.press("Escape");
  await expect.poll(() => fund.evaluate((button) => button === document.activeElement)).toBe(true);
  await page.keyboard.press("Control+k");
  await page.getByPlaceholder(/^Amount, UTR, ID/).waitFor();
  await page.keyboard.press("Escape");
  await expect.poll(() => fund.evaluate((button) => button === document.activeElement)).toBe(true);
});

test("without the server: how old the figures are, every page opens, and all recovers by itself", async () => {
  const { page, context } = (await on.open()).allow(/net::ERR_/);
  await signInOperator(page);
  await page.getByText("Balanced").waitFor();
  await untilCodeIsAhead(page);
  await context.setOffline(true);
  await page.getByText(/Not connected\. Figures from \d\d:\d\d\./).waitFor();
  await page.getByRole("link", { name: "Operators", exact: true }).first().click();
  await page.getByRole("heading", { level: 1, name: "Operators" }).waitFor();
  await page.keyboard.press("Control+k");
  await page.getByPlaceholder(/^Amount, UTR, ID/).fill("anything");
  await page.keyboard.press("Escape");
  await context.setOffline(false);
  await page.getByText(/Not connected\./).waitFor({ state: "hidden" });
  await page.getByRole("row").filter({ hasText: "viewer" }).first().waitFor();
});

/** 640: a window of 1,280 at 200 % zoom. */
const WIDTHS = [1440, 1280, 1024, 720, 640, 390, 320];
const CRORE = 10_000_000_00;

interface Dialog {
  path: string;
  open: (page: Page) => Promise<void>;
}

const press = (page: Page, name: string | RegExp) => page.getByRole("button", { name }).first().click();

async function resolveForm(page: Page): Promise<void> {
  await press(page, /^Resolve/);
  await page.getByRole("radio", { name: "The bank did not pay" }).check();
  await page.getByLabel("Reason").fill("The bank's desk cancelled the order for good.");
}

async function fundForm(page: Page): Promise<void> {
  await press(page, "Fund");
  await page.getByLabel("Amount in rupees").fill("1,00,00,00,000");
  await page.getByLabel("Description").fill("RTGS of 22 November");
}

const dialogs = (merchant: string): Record<string, Dialog> => ({
  fund: { path: `merchants/${merchant}`, open: fundForm },
  "confirm the funding": {
    path: `merchants/${merchant}`,
    open: async (page) => {
      await fundForm(page);
      await press(page, "Continue");
      await page.getByRole("button", { name: "Back" }).waitFor();
    },
  },
  resolve: { path: "doubtful", open: resolveForm },
  "confirm the decision": {
    path: "doubtful",
    open: async (page) => {
      await resolveForm(page);
      await press(page, "Continue");
      await page.getByRole("alertdialog").waitFor();
    },
  },
  "Ctrl K": {
    path: "payouts",
    open: async (page) => {
      await search(page, "demo-silent");
      await page.getByRole("option").filter({ hasText: "by bank account" }).first().waitFor();
    },
  },
  "two dates": {
    path: "payouts",
    open: (page) =>
      page
        .getByLabel("Dates", { exact: true })
        .selectOption("custom")
        .then(() => {}),
  },
  "stored answer": { path: "records", open: (page) => press(page, /^Show/) },
});

test("with payouts of 100 crore no amount of a page or a dialog is cut off at any width", async () => {
  const { page } = await on.open();
  await signInOperator(page);
  const { id } = await on.server.json<{ id: string }>(ACME, "/api/v1/me/");
  for (let count = 0; count < 3; count += 1) await on.server.fund(id, 500 * CRORE, "A large transfer");
  const paidOut = await paid(ACME, 100 * CRORE);
  const doubtful = await on.server.pay(ACME, 100 * CRORE, "demo-silent");
  await expect
    .poll(async () => (await on.server.json<{ in_doubt: unknown }>(ACME, `/api/v1/payouts/${doubtful}/`)).in_doubt)
    .toBeTruthy();
  const paths = ["", "ledger", "payouts", `payouts/${id}/${paidOut.id}`, `payouts/${id}/${doubtful}`];
  for (const path of [...paths, `merchants/${id}`, "merchants", "doubtful", "exceptions", "records", "operators"]) {
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.goto(`/admin/${path}`);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await page.waitForLoadState("networkidle");
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 });
      await expect.poll(() => cutOff(page), { message: `${path || "overview"} at ${width}` }).toEqual([]);
    }
  }
  for (const [name, { path, open }] of Object.entries(dialogs(id))) {
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.evaluate(() => sessionStorage.clear());
    await page.goto(`/admin/${path}`);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await page.waitForLoadState("networkidle");
    await open(page);
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 });
      await expect.poll(() => cutOff(page), { message: `${name} at ${width}` }).toEqual([]);
    }
  }
  await page.setViewportSize(DESKTOP);
  await page.goto("/admin/ledger");
  await page.getByRole("row").nth(3).waitFor();
  // It is a table there, not a list of cards.
  expect(await page.getByRole("columnheader", { name: "Balance after" }).isVisible()).toBe(true);
});

test("a table whose cells come to need more room becomes a list of cards", async () => {
  const { page } = await on.open();
  await signInOperator(page, undefined, "/admin/ledger");
  await page.getByRole("row").nth(3).waitFor();
  const table = page.getByRole("table", { name: "Ledger entries" });
  expect(await table.getAttribute("data-layout")).toBe("table");
  // As time passes, without any new rows: "1 minute ago" becomes longer.
  await page
    .locator("td time")
    .first()
    .evaluate((time) => {
      if (time.firstChild) time.firstChild.nodeValue = "a very long time ago ".repeat(12);
    });
  await expect.poll(() => table.getAttribute("data-layout")).toBe("cards");
});

test("a long list is virtual, and its older rows come while one scrolls", async () => {
  const { page } = await on.open();
  for (let count = 0; count < 130; count += 1) await on.server.pay(ACME, 1, "demo-success");
  await signInOperator(page, undefined, "/admin/ledger");
  const rows = page.getByRole("row");
  await rows.nth(10).waitFor();
  const table = page.getByRole("table", { name: "Ledger entries" });
  await expect
    .poll(async () => {
      await page.mouse.wheel(0, 20_000);
      return Number(await table.getAttribute("data-rows"));
    })
    .toBeGreaterThan(240);
  expect(await rows.count()).toBeLessThan(100);
});

test("days are those of the time zone that is shown, and a reversed period is refused in words", async () => {
  const { page } = await on.open();
  const asked: string[] = [];
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.pathname.endsWith("/admin/api/v1/payouts")) asked.push(url.search);
  });
  await signInOperator(page, undefined, "/admin/payouts");
  await page.getByRole("button", { name: "Time zone: IST" }).first().waitFor();
  await page.getByLabel("Dates", { exact: true }).selectOption("today");
  await expect.poll(() => asked.at(-1) ?? "").toContain("zone=Asia%2FKolkata");
  await page.goto("/admin/payouts?from=2026-10-10&to=2026-10-09");
  await page.getByText("The end date is before the start date. Swap them.").waitFor();
});

test("on a phone the placeholder of the search is not cut off, and the time zone is named at 320 px", async () => {
  const { page } = await on.open({ viewport: { width: 390, height: 844 } });
  await signInOperator(page, undefined, "/admin/payouts");
  const field = page.getByLabel("Search payouts");
  expect(await field.getAttribute("placeholder")).toMatch(/amount/i);
  const room = await field.evaluate((input: HTMLInputElement) => {
    const style = getComputedStyle(input);
    const context = document.createElement("canvas").getContext("2d");
    if (!context) throw new Error("no canvas");
    context.font = style.font;
    const inner = input.clientWidth - Number.parseFloat(style.paddingLeft) - Number.parseFloat(style.paddingRight);
    return inner - context.measureText(input.placeholder).width;
  });
  expect(room).toBeGreaterThanOrEqual(0);
  await page.setViewportSize({ width: 320, height: 800 });
  const zone = page.getByRole("button", { name: "Time zone: IST" }).getByText("IST");
  expect((await zone.first().boundingBox())?.width ?? 0).toBeGreaterThan(10);
});
