import type { Page } from "playwright-core";
import { afterAll, expect, test } from "vitest";
import { seriousFindings } from "./harness/axe.ts";
import { PHONE } from "./harness/browser.ts";
import { goTo, signInOperator, VIEWER } from "./harness/operator.ts";
import { scene } from "./harness/scene.ts";
import { ACME, Bank } from "./harness/server.ts";

const [first, second] = await Promise.all([Bank.start(), Bank.start()]);
// Calls that got no answer are repeated after minutes: a doubt stays one.
const on = scene({ PAYRAIL_BANK_URL: first.url, PAYRAIL_RETRY_BASE_MS: "600000" });
afterAll(() => Promise.all([first.stop(), second.stop()]));

const payout = (id: string) => on.server.payout(ACME, id);

const banner = (page: Page) => page.getByRole("alert").filter({ hasText: "Payouts are not sent." });
const dialog = (page: Page) => page.getByRole("dialog", { name: "A different bank is answering" });
const moveTo = async (bank: Bank) => {
  await on.server.kill();
  await on.server.restart({ PAYRAIL_BANK_URL: bank.url });
};

async function openDialog(page: Page): Promise<void> {
  await banner(page).getByRole("button", { name: "What to do" }).click();
  await dialog(page).waitFor();
}

test("another bank: every page says that nothing is sent, and goes on by itself when the first one is back", async () => {
  const { page } = (await on.open()).allow(/net::ERR_/, /50\d/);
  const id = await on.server.pay(ACME, 1_000, "demo-success");
  await expect.poll(async () => (await payout(id)).status).toBe("completed");
  await signInOperator(page);
  await page.getByText("Balanced").waitFor();
  expect(await banner(page).count()).toBe(0);

  await moveTo(second);
  await banner(page).waitFor();
  await page.locator("[data-alarm=another-bank]").getByText("Correct PAYRAIL_BANK_URL").waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  for (const place of ["Payouts", "Exceptions", "Audit log"]) {
    await goTo(page, place);
    expect(await banner(page).isVisible(), place).toBe(true);
  }

  await moveTo(first);
  await banner(page).waitFor({ state: "detached" });
  expect(await second.transfers()).toBe(0);
});

test("an operator reads what is under way, what confirming means, and confirms; the waiting payout is sent", async () => {
  const { page } = (await on.open()).allow(/net::ERR_/, /50\d/, /409/);
  const doubtful = await on.server.pay(ACME, 60_000, "demo-timeout-paid");
  await expect.poll(async () => Boolean((await payout(doubtful)).in_doubt)).toBe(true);
  await moveTo(second);
  const waiting = await on.server.pay(ACME, 2_000, "demo-success");
  await signInOperator(page);
  await openDialog(page);
  for (const text of [await first.identity(), await second.identity(), "1 payout", "₹600.00 in total"]) {
    await dialog(page).getByText(text, { exact: true }).waitFor();
  }
  await dialog(page).getByText("If nobody changed the bank on purpose, do not confirm.").waitFor();
  expect(await seriousFindings(page)).toEqual([]);

  // Nothing goes out without a reason, nor without knowing what becomes of the payouts of the earlier bank.
  const next = dialog(page).getByRole("button", { name: "Continue" });
  await next.click();
  await dialog(page).getByText("Write at least 10 characters").waitFor();
  await dialog(page).getByText("Tick this once you know who resolves them.").waitFor();
  await page.getByLabel("Reason").fill("We moved to another bank, contract 12.");

  // Another operator resolves the doubt meanwhile: what was shown is no longer so, and is not confirmed.
  const other = await page.context().newPage();
  await other.goto("/admin/doubtful");
  await other.getByRole("button", { name: "Resolve" }).first().click();
  await other.getByLabel("The bank did not pay, and never will").check();
  await other.getByLabel("Reason").fill("The bank wrote that it did not pay.");
  await other.getByRole("button", { name: "Continue" }).click();
  await other.getByRole("alertdialog").getByRole("button", { name: "Refund" }).click();
  await expect.poll(async () => (await payout(doubtful)).status).toBe("failed");
  await other.close();
  await dialog(page).getByRole("button", { name: "Show the current state" }).click();
  await dialog(page).getByText("0 payouts", { exact: true }).waitFor();

  await next.click();
  const question = page.getByRole("alertdialog", { name: "Send payouts to the new bank from now on?" });
  await question.getByRole("button", { name: "Confirm the new bank" }).click();
  await page.getByText("The new bank is confirmed").first().waitFor();
  await banner(page).waitFor({ state: "detached" });
  await expect.poll(async () => (await payout(waiting)).status).toBe("completed");
  expect(await second.transfers()).toBe(1);
  await goTo(page, "Audit log");
  await page.getByText("We moved to another bank, contract 12.").first().waitFor();
});

test("a viewer reads all of it and confirms nothing; on a phone too", async () => {
  const { page } = (await on.open({ viewport: PHONE })).allow(/net::ERR_/, /50\d/);
  await on.server.kill();
  await on.server.restart({ PAYRAIL_BANK_URL: first.url });
  await signInOperator(page, VIEWER);
  await openDialog(page);
  await page.getByLabel("Reason").fill("I may not do this, may I?");
  const button = dialog(page).getByRole("button", { name: "Continue" });
  expect(await button.getAttribute("aria-disabled")).toBe("true");
  await button.evaluate((element) => (element as HTMLElement).click());
  expect(await page.getByRole("alertdialog").count()).toBe(0);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(PHONE.width);
});
