import type { Page } from "playwright-core";
import { afterAll, expect, test } from "vitest";
import { seriousFindings } from "./harness/axe.ts";
import { PHONE } from "./harness/browser.ts";
import { LyingBank, SILENT } from "./harness/lying_bank.ts";
import { goTo, signInOperator, VIEWER } from "./harness/operator.ts";
import { scene } from "./harness/scene.ts";
import { ACME } from "./harness/server.ts";

const bank = await LyingBank.open();
// Calls that got no answer are repeated after minutes: a doubt stays one.
const on = scene({ PAYRAIL_BANK_URL: bank.url, PAYRAIL_RETRY_BASE_MS: "600000" });
afterAll(() => bank.close());

interface Story {
  status: string;
  in_doubt: unknown;
  reference: string;
}

const story = (id: string) => on.server.json<Story>(ACME, `/api/v1/payouts/${id}/`);
const balances = async () => {
  const me = await on.server.json<Record<string, unknown>>(ACME, "/api/v1/me/");
  return [me.available_balance_paise, me.held_balance_paise];
};

/** A completed payout of ₹600, of which the bank says that it returned one paisa. */
async function lie(): Promise<string> {
  const id = await on.server.pay(ACME, 60_000, "demo-success");
  await expect.poll(async () => (await story(id)).status).toBe("completed");
  bank.state((await story(id)).reference, 1);
  return id;
}

const row = (page: Page, id: string) =>
  page
    .getByRole("table", { name: "Exceptions" })
    .getByRole("row")
    .filter({ has: page.getByRole("link", { name: `Payout ending in ${id.slice(-8)}` }) });

const counted = (page: Page, count: number) => page.getByRole("link", { name: `Exceptions ${count} open` }).first();

async function resolve(page: Page, id: string, reason: string): Promise<void> {
  await row(page, id)
    .getByRole("button", { name: /^Resolve/ })
    .click();
  await page.getByLabel("Reason").fill(reason);
  await page.getByRole("button", { name: "Continue" }).click();
  const question = page.getByRole("alertdialog");
  await question.getByText("Resolving moves no money").waitFor();
  await question.getByRole("button", { name: "Resolve" }).click();
}

test("what the bank stated stands against what was expected; resolved, it is off the list and out of the count", async () => {
  const { page } = await on.open();
  await signInOperator(page);
  await page.getByText("Balanced").waitFor();
  expect(await page.getByRole("link", { name: "Exceptions", exact: true }).count()).toBeGreaterThan(0);
  const id = await lie();
  await counted(page, 1).waitFor();
  await page.locator("[data-alarm=exceptions]").filter({ hasText: "1 exception is open" }).waitFor();
  const before = await balances();

  await goTo(page, "Exceptions");
  const line = row(page, id);
  await line.getByText("Different amount returned", { exact: true }).waitFor();
  expect(await line.getByText("₹0.01 (differs)").count()).toBe(1);
  expect(await line.getByText("₹600.00", { exact: true }).count()).toBe(1);
  const utr = LyingBank.utr((await story(id)).reference);
  expect(await line.getByText(utr, { exact: true }).count(), "stated and expected").toBe(2);
  expect(await seriousFindings(page)).toEqual([]);
  await line.getByRole("link", { name: `Payout ending in ${id.slice(-8)}` }).click();
  await page.getByRole("heading", { level: 1, name: /Completed/ }).waitFor();
  await page.goBack();

  await line.getByRole("button", { name: /^Resolve/ }).click();
  await page.getByLabel("Reason").fill("too short");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByText("Write at least 10 characters").waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  await page.getByRole("button", { name: "Cancel" }).click();
  await resolve(page, id, "The bank took the line back, letter 12.");
  await line.waitFor({ state: "hidden" });
  await page.getByText("No exception is open").waitFor();
  await counted(page, 1).waitFor({ state: "hidden" });
  expect(await balances(), "resolving moves no money").toEqual(before);

  await page.getByLabel("State").selectOption("resolved");
  await line.getByText("The bank took the line back, letter 12.").waitFor();
  expect(await line.getByRole("button").count()).toBe(0);
  await goTo(page, "Overview");
  await page.getByText("Balanced").waitFor();
  expect(await page.locator("[data-alarm]").count()).toBe(0);
  await goTo(page, "Audit log");
  const logged = page.getByRole("row").filter({ hasText: "Exception resolved" });
  await logged.getByText("Different amount returned").waitFor();
  await logged.getByText("The bank took the line back, letter 12.").waitFor();
});

test("an exception that another operator has resolved meanwhile: the second one is told so", async () => {
  const first = await on.open();
  const second = (await on.open()).allow(/409/);
  const id = await lie();
  for (const { page } of [first, second]) await signInOperator(page, undefined, "/admin/exceptions");
  await row(second.page, id)
    .getByRole("button", { name: /^Resolve/ })
    .click();
  await second.page.getByLabel("Reason").fill("The bank took the line back.");
  await second.page.getByRole("button", { name: "Continue" }).click();
  await resolve(first.page, id, "The bank corrected its list.");
  await row(first.page, id).waitFor({ state: "hidden" });
  await second.page.getByRole("alertdialog").getByRole("button", { name: "Resolve" }).click();
  await second.page.getByText("Another operator has resolved this exception.").waitFor();
  await row(second.page, id).waitFor({ state: "hidden" });
  expect(await second.page.getByText("Another operator has resolved this exception.").isVisible()).toBe(true);
});

test("on a phone a viewer sees the count, the line, and the return that waits, and resolves nothing", async () => {
  const { page } = await on.open({ viewport: PHONE });
  const id = await lie();
  const doubtful = await on.server.pay(ACME, 5_000, SILENT);
  await expect.poll(async () => (await story(doubtful)).in_doubt).toBeTruthy();
  bank.state((await story(doubtful)).reference, 5_000);
  await signInOperator(page, VIEWER, "/admin/exceptions");
  const bar = page.getByRole("navigation", { name: "Main, at the bottom" });
  await bar.getByRole("link", { name: "1 open Exceptions" }).waitFor();
  const button = row(page, id).getByRole("button", { name: /^Resolve/ });
  expect(await button.getAttribute("aria-disabled")).toBe("true");
  await button.click({ force: true });
  expect(await page.getByRole("dialog").count()).toBe(0);
  const waiting = page
    .getByRole("table", { name: "Returns waiting to be credited" })
    .getByRole("row")
    .filter({ has: page.getByRole("link", { name: `Payout ending in ${doubtful.slice(-8)}` }) });
  await waiting.getByText("the payout is processing").waitFor();
  await waiting.getByText(/^(in \d|now)/).waitFor();
  await waiting.getByText("₹50.00").waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(0);
});
