import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { payInDoubt, untilInDoubt } from "./harness/doubt.ts";
import { available, payButton, preparePayout, signInAs, signInFilled } from "./harness/merchant.ts";
import { scene } from "./harness/scene.ts";
import { ACME, FILLED } from "./harness/server.ts";

// What may go wrong around a payout, with a long history. Doubts stay: calls are repeated after minutes.
const on = scene({ PAYRAIL_RETRY_BASE_MS: "600000" }, 5_000);

const openPayouts = async (page: Page) => {
  await page.getByRole("link", { name: "Payouts", exact: true }).first().click();
  await page.getByRole("row").nth(2).waitFor();
};

test("a server that hangs is noticed, and so is that it goes on", async () => {
  const { page } = (await on.open()).allow(/net::ERR_/);
  await signInFilled(page);
  await page.locator("[data-live=live]").first().waitFor();
  const figure = await available(page).textContent();
  on.server.hang();
  try {
    await page.getByText(/^Not connected\. Figures from \d\d:\d\d\./).waitFor();
    await page.locator("[data-live=offline]").first().waitFor();
    expect(await available(page).textContent()).toBe(figure);
  } finally {
    on.server.goOn();
  }
  await page.getByText("Not connected.").waitFor({ state: "hidden" });
  await page.locator("[data-live=live]").first().waitFor();
});

test("a proxy's answer that the server cannot be reached is no connection", async () => {
  const { page } = (await on.open()).allow(/50[234]/);
  await signInFilled(page);
  await page.locator("[data-live=live]").first().waitFor();
  let isCut = true;
  const refuse = (status: number) => async (route: import("playwright-core").Route) =>
    isCut ? await route.fulfill({ status, body: "Bad gateway" }) : await route.fallback();
  await page.route("**/api/v1/**", refuse(502));
  await page.route("**/readyz", refuse(504));
  await page.getByRole("link", { name: "Ledger" }).first().click();
  await page.getByText("Not connected.").waitFor();
  isCut = false;
  await page.getByText("Not connected.").waitFor({ state: "hidden" });
  await page.getByRole("row").nth(3).waitFor();
});

test("dates are typed with the keyboard, and count when the field is left", async () => {
  const { page } = await on.open();
  await signInFilled(page);
  await openPayouts(page);
  const search = () => new URL(page.url()).searchParams;
  await page.getByLabel("Dates", { exact: true }).selectOption("Custom range");
  const [from, to] = [page.getByLabel("From", { exact: true }), page.getByLabel("To", { exact: true })];
  // Day and month alike: which of them comes first is up to the browser's language.
  await from.focus();
  await page.keyboard.type("10102026");
  await page.keyboard.press("Enter");
  await expect.poll(() => search().get("from")).toBe("2026-10-10");
  expect(await from.inputValue()).toBe("2026-10-10");
  await to.focus();
  await page.keyboard.type("09092026");
  await page.getByRole("heading", { level: 1 }).click();
  await page.getByText("The end date is before the start date. Swap them.").waitFor();
  expect(search().get("to")).toBeNull();
  await to.focus();
  await page.keyboard.type("12122026");
  await page.getByRole("heading", { level: 1 }).click();
  await expect.poll(() => search().get("to")).toBe("2026-12-12");

  await page.getByRole("button", { name: "Clear", exact: true }).click();
  await from.waitFor({ state: "hidden" });
  await expect.poll(() => page.getByLabel("Dates", { exact: true }).inputValue()).toBe("all");
  expect(await page.evaluate(() => document.activeElement === document.body)).toBe(false);
});

test("Clear also clears a text that has not been searched for yet", async () => {
  const { page } = await on.open();
  await signInFilled(page);
  await page.goto("/payouts?status=completed");
  await page.getByRole("row").nth(2).waitFor();
  const field = page.getByLabel("Search payouts");
  await field.fill("demo");
  await page.getByRole("button", { name: "Clear", exact: true }).click();
  await expect.poll(() => new URL(page.url()).search).toBe("");
  expect(await field.inputValue()).toBe("");
  const asked = page.waitForRequest((request) => request.url().includes("status=failed"));
  await page.getByLabel("Status").selectOption("failed");
  expect((await asked).url()).not.toContain("search=");
});

test("a payout in doubt is not offered to be paid again, and the form warns of it however old it is", async () => {
  const id = await payInDoubt(on.server, ACME, 33_300);
  const { page } = await on.open();
  await signInAs(page, "Acme Agency");
  await page.goto(`/payouts/${id}`);
  await page.getByRole("heading", { level: 1, name: /In doubt/ }).waitFor();
  await page.getByRole("button", { name: "Print" }).waitFor();
  expect(await page.getByRole("button", { name: "Pay again" }).count()).toBe(0);

  // To the browser it is two days later.
  await page.clock.setFixedTime(Date.now() + 48 * 3_600_000);
  await page.goto("/");
  await preparePayout(page, "333", "demo-silent");
  await page.getByText("A payout of ₹333.00 to this account is already in progress, requested 2 days ago.").waitFor();
});

test("paying waits for the check for duplicates, and a check that fails says so", async () => {
  const { page } = (await on.open()).allow(/500/);
  await signInAs(page, "Tiny Studio");
  const sent: string[] = [];
  page.on("request", (request) => void (request.method() === "POST" && sent.push(request.url())));
  let answer: () => void = () => {};
  const held = new Promise<void>((go) => {
    answer = go;
  });
  await page.route(/\/api\/v1\/payouts\?.*search=/, async (route) => {
    await held;
    await route.fulfill({ status: 500, json: { status: 500, code: "internal", detail: "It broke." } });
  });
  await preparePayout(page, "5", "demo-success");
  await page.keyboard.press("Enter");
  await page.getByText("Checking for duplicates…").waitFor();
  expect(sent).toEqual([]);
  answer();
  await page.getByText("We could not check whether you paid the same amount to this account before.").waitFor();
  expect(sent).toEqual([]);
  await payButton(page).click();
  await page.getByRole("button", { name: "Show this payout" }).waitFor();
  expect(sent).toHaveLength(1);
});

test("the key of a payout without an answer is not thrown away by one click", async () => {
  const { page } = (await on.open()).allow(/net::ERR_/);
  await signInAs(page, "Tiny Studio");
  await page.route("**/api/v1/payouts", async (route) =>
    route.request().method() === "POST" ? await route.abort("internetdisconnected") : await route.fallback(),
  );
  await preparePayout(page, "6", "demo-success");
  await payButton(page).click();
  await page.getByText("We are checking whether ₹6.00").waitFor();
  await page.reload();
  const notice = page.getByRole("region", { name: "A payout without an answer" });
  await notice.getByRole("button", { name: "Dismiss" }).click();
  const question = page.getByRole("alertdialog", { name: "Dismiss without checking?" });
  await question.getByRole("button", { name: "Cancel" }).click();
  expect(await notice.isVisible()).toBe(true);
  await notice.getByRole("button", { name: "Dismiss" }).click();
  await question.getByRole("button", { name: "Dismiss" }).click();
  await notice.waitFor({ state: "hidden" });
});

test("rows of one filter do not stay for another one that failed", async () => {
  const { page } = (await on.open()).allow(/400/);
  await signInFilled(page);
  await openPayouts(page);
  await page.route(/status=failed/, (route) => route.fulfill({ status: 400, json: { detail: "Not now." } }));
  await page.getByLabel("Status").selectOption("failed");
  await page.getByText("The payouts could not be loaded").waitFor();
  expect(await page.getByRole("table").count()).toBe(0);
});

test("rows far down keep their status right, also after the page was hidden", async () => {
  const ids: string[] = [];
  for (let count = 0; count < 14; count += 1) ids.push(await on.server.pay(FILLED, 1_000 + count, "demo-silent"));
  for (const id of ids) await untilInDoubt(on.server, FILLED, id);
  // They lie below the first page.
  for (let count = 0; count < 60; count += 1) await on.server.pay(FILLED, 100, "demo-success");
  const { page } = await on.open();
  await signInFilled(page);
  await openPayouts(page);
  await page.locator("[data-live=live]").first().waitFor();
  const row = page.getByRole("row").filter({ hasText: "₹10.00" });
  // In steps that are drawn before the next one: a turned wheel goes on turning on a busy machine, past the row.
  await expect
    .poll(async () => {
      await page.evaluate(async () => {
        window.scrollBy(0, 300);
        await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
      });
      return await row.count();
    })
    .toBeGreaterThan(0);
  const doubts = page.getByRole("row").filter({ hasText: /₹10\.\d\d/ });
  await expect.poll(() => doubts.filter({ hasText: "In doubt" }).count()).toBeGreaterThan(12);

  const hide = (isHidden: boolean) =>
    page.evaluate((is) => {
      Object.defineProperty(document, "hidden", { value: is, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, isHidden);
  await hide(true);
  await on.server.resolve(FILLED, ids, "not_paid", "The bank's desk cancelled the orders for good.");
  await hide(false);
  await expect.poll(() => doubts.filter({ hasText: "Failed" }).count()).toBeGreaterThan(12);
  expect(await doubts.filter({ hasText: "In doubt" }).count()).toBe(0);
});

test("a row's cells can be read and selected, and a click on the row follows its link", async () => {
  const { page } = await on.open();
  await signInFilled(page);
  await openPayouts(page);
  const row = page.getByRole("row").nth(2);
  const href = await row.getByRole("link").getAttribute("href");
  await row.getByText("Completed").hover();
  await page.getByRole("tooltip").getByText("The bank paid.").waitFor();
  // What lies under the pointer is the cell's own text, with the exact time as its title.
  const time = row.locator("time");
  const box = await time.boundingBox();
  const top = await page.evaluate(
    ([x, y]) => document.elementFromPoint(x ?? 0, y ?? 0)?.tagName,
    [(box?.x ?? 0) + 4, (box?.y ?? 0) + 4],
  );
  expect(top).toBe("TIME");
  const account = await row.getByText("demo-success").first().boundingBox();
  if (!account) throw new Error("the account is not on the page");
  await page.mouse.move(account.x + 1, account.y + account.height / 2);
  await page.mouse.down();
  await page.mouse.move(account.x + account.width - 1, account.y + account.height / 2, { steps: 5 });
  await page.mouse.up();
  expect(await page.evaluate(() => getSelection()?.toString())).toMatch(/emo-succes/);
  expect(new URL(page.url()).pathname).toBe("/payouts");
  await page.evaluate(() => getSelection()?.removeAllRanges());
  await time.click();
  await expect.poll(() => new URL(page.url()).pathname).toBe(href);
});

test("on paper a long list has its rows, and says that there are older ones", async () => {
  const { page } = await on.open();
  await signInFilled(page);
  await openPayouts(page);
  await page.emulateMedia({ media: "print" });
  const loaded = Number(await page.getByRole("table").getAttribute("data-rows"));
  await expect.poll(() => page.getByRole("row").count()).toBe(loaded + 1);
  await page.getByText(`Only the newest ${loaded} payouts are printed. There are older ones.`).waitFor();
  expect(await page.locator(".table-space").count()).toBe(0);
  await page.emulateMedia({ media: "screen" });
  await expect.poll(() => page.getByRole("row").count()).toBeLessThan(loaded);
});

test("the shortcut N stays below dialogs, knows Caps Lock, and can be turned off", async () => {
  const { page } = await on.open();
  await signInFilled(page);
  const form = page.getByLabel("Amount in rupees");
  // With Caps Lock the key is a capital letter without Shift.
  const capital = () =>
    page.evaluate(() => document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "N", bubbles: true })));
  await capital();
  await form.waitFor();
  await page.keyboard.press("Escape");
  await form.waitFor({ state: "hidden" });

  await page.getByRole("button", { name: /^Account/ }).click();
  await page.getByRole("menuitemcheckbox", { name: "Shortcut N: new payout" }).click();
  await page.keyboard.press("n");
  await page.reload();
  await available(page).waitFor();
  await page.keyboard.press("n");
  await capital();
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").waitFor();
  await page.keyboard.press("Escape");
  expect(await form.count()).toBe(0);
});

test("an export after the end of the session leads to the sign-in, not to a file", async () => {
  const window = (await on.open()).allow(/401/);
  const { page } = window;
  await signInFilled(page);
  await page.getByRole("link", { name: "Ledger" }).first().click();
  await page.getByRole("row").nth(2).waitFor();
  let files = 0;
  page.on("download", () => {
    files += 1;
  });
  await window.context.clearCookies();
  await page.getByRole("link", { name: "Export CSV" }).click();
  await page.getByText("has ended. Sign in again").waitFor();
  expect(files).toBe(0);
});

test("an account and an amount lead to their payout from Ctrl K", async () => {
  const id = await on.server.pay(FILLED, 98_765, "acct-needle-417");
  const { page } = await on.open();
  await signInFilled(page);
  for (const [text, by] of [
    ["acct-needle-417", "by bank account"],
    ["987.65", "by amount"],
  ] as const) {
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox").fill(text);
    await page.getByRole("option").filter({ hasText: by }).first().waitFor();
    await page.keyboard.press("Enter");
    await expect.poll(() => new URL(page.url()).pathname).toBe(`/payouts/${id}`);
    await page.getByRole("link", { name: "Overview" }).first().click();
    await available(page).waitFor();
  }
});

test("the balance chart follows the range switch", async () => {
  const { page } = await on.open();
  await signInFilled(page);
  const chart = page.getByRole("slider", { name: "Balance over time" });
  const oldest = async () => {
    await chart.focus();
    await page.keyboard.press("Home");
    return await chart.getAttribute("aria-valuetext");
  };
  const ofWeek = await oldest();
  await page.getByText("90 days").click();
  await expect.poll(oldest).not.toBe(ofWeek);
});

test("the CSV of a period has its days and UTRs, and adds up to the change of the balances", async () => {
  const { page } = await on.open();
  await signInFilled(page);
  await page.goto("/ledger");
  await page.getByLabel("Dates", { exact: true }).selectOption("week");
  await expect.poll(() => new URL(page.url()).search).toContain("from=");
  const { from, to } = Object.fromEntries(new URL(page.url()).searchParams);
  const downloading = page.waitForEvent("download");
  await page.getByRole("link", { name: "Export CSV" }).click();
  const download = await downloading;
  expect(download.suggestedFilename()).toBe(`payrail-ledger-${from}-to-${to}-Asia-Kolkata.csv`);
  const [header = "", ...lines] = (await readFile(await download.path(), "utf8")).trimEnd().split("\r\n");
  const columns = header.split(",");
  // No text of this history has a comma.
  const rows = lines.map((line) => Object.fromEntries(line.split(",").map((cell, at) => [columns[at], cell])));
  expect(rows.length).toBeGreaterThan(100);
  const day = new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Kolkata" });
  for (const { created_at } of rows) {
    const made = day.format(new Date(created_at ?? ""));
    expect(made >= (from ?? "") && made <= (to ?? ""), made).toBe(true);
  }
  expect(rows.filter(({ kind, utr }) => kind === "settle" && utr).length).toBeGreaterThan(10);
  const sum = (name: string) => rows.reduce((total, row) => total + Number(row[name]), 0);
  const [first, last] = [rows[0], rows.at(-1)];
  for (const account of ["available", "held"]) {
    const before = Number(first?.[`${account}_after_paise`]) - Number(first?.[`${account}_paise`]);
    expect(sum(`${account}_paise`), account).toBe(Number(last?.[`${account}_after_paise`]) - before);
  }
  expect(sum("available_paise") + sum("held_paise") + sum("bank_paise")).toBe(0);
});

test("the code of Ctrl K and of the form cannot be fetched: a dialog says so, and goes on later", async () => {
  const { page } = (await on.open()).allow(/net::ERR_FAILED/);
  // Each on its own: a page that loads ahead must not get the other one meanwhile.
  const cut = new Set(["palette", "dialog"]);
  await page.route(/\/assets\/(palette|dialog)-[^/]*\.js$/, async (route) =>
    [...cut].some((name) => route.request().url().includes(`/${name}-`)) ? await route.abort() : await route.fallback(),
  );
  await signInFilled(page);
  await page.waitForLoadState("networkidle");
  for (const [key, title, field, chunk] of [
    ["Control+k", "Search", page.getByRole("combobox"), "palette"],
    ["n", "New payout", page.getByLabel("Amount in rupees"), "dialog"],
  ] as const) {
    await page.keyboard.press(key);
    const dialog = page.getByRole("dialog", { name: title });
    await dialog.getByText("This part of the page has not been loaded yet").waitFor();
    cut.delete(chunk);
    await dialog.getByRole("button", { name: "Try again" }).click();
    await field.waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
  }
});
