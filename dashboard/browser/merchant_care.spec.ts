import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { PHONE } from "./harness/browser.ts";
import { available, payButton, preparePayout, signInAs } from "./harness/merchant.ts";
import { scene } from "./harness/scene.ts";
import { ACME, FIAZ, TINY } from "./harness/server.ts";

// What keeps a person from a mistake, and what they are told. Doubts stay: calls are repeated after minutes.
const on = scene({ PAYRAIL_RETRY_BASE_MS: "600000" });

const statusOf = async (key: string, id: string) =>
  (await on.server.json<{ status: string; in_doubt: object | null }>(key, `/api/v1/payouts/${id}/`)) ?? null;

async function paid(key: string, paise: number, account: string, status: string): Promise<string> {
  const id = await on.server.pay(key, paise, account);
  await expect.poll(async () => (await statusOf(key, id)).status).toBe(status);
  return id;
}

test("the same payout again, a moment later: the form warns, and pays only when told to", async () => {
  await paid(FIAZ, 777, "demo-success", "completed");
  const { page } = await on.open();
  await signInAs(page, "Freelancer Fiaz");
  await preparePayout(page, "7.77", "demo-success");
  await page.getByText(/^₹7\.77 was paid to this account (less than a minute|a minute|\d+ minutes) ago\./).waitFor();
  await page.getByRole("button", { name: "Back" }).click();
  await page.getByLabel("Amount in rupees").fill("7.78");
  await page.getByRole("button", { name: "Continue" }).click();
  await payButton(page).waitFor();
  expect(await page.getByText("was paid to this account").count()).toBe(0);
});

test("what cannot be an account, or be paid from the balance, is refused before it is sent", async () => {
  const { page } = await on.open();
  await signInAs(page, "Tiny Studio");
  const sent: string[] = [];
  page.on("request", (request) => void (request.method() === "POST" && sent.push(request.url())));
  await preparePayout(page, "6000", "asdf ghjk 🏦");
  await page.getByText("A bank account has no emoji.").waitFor();
  await page.getByText("₹6,000.00 is ₹5,900.00 more than the ₹100.00 available.").waitFor();
  await page.getByLabel("Bank account", { exact: true }).fill("asdf ghjk");
  await page.getByText("A bank account has no spaces.").waitFor();
  expect(await payButton(page).count()).toBe(0);
  expect(sent).toEqual([]);
  expect(await on.server.json(TINY, "/api/v1/payouts/")).toEqual([]);
});

test("a payout's page begins with a sentence and ends with the bank's messages; it can be paid again", async () => {
  const id = await paid(FIAZ, 4_250, "demo-success", "completed");
  const { page } = await on.open();
  await signInAs(page, "Freelancer Fiaz");
  await page.goto(`/payouts/${id}`);
  await page.getByText(/^Paid on \d{1,2} \w{3} \d{4}, \d\d:\d\d · UTR \S+$/).waitFor();
  const headings = await page.getByRole("main").getByRole("heading", { level: 2 }).allTextContents();
  expect(headings.at(-1)).toBe("Bank messages");
  await page.getByText("Sent to the bank: The bank paid").click();
  await page.getByText('"amount_paise"').first().waitFor();

  await page.emulateMedia({ media: "print" });
  expect(await page.getByRole("heading", { level: 1 }).isVisible()).toBe(true);
  for (const gone of [page.getByRole("navigation").first(), page.getByRole("button", { name: "Pay again" })]) {
    expect(await gone.isVisible()).toBe(false);
  }
  await page.emulateMedia({ media: "screen" });

  await page.getByRole("button", { name: "Pay again" }).click();
  expect(await page.getByLabel("Amount in rupees").inputValue()).toBe("42.50");
  expect(await page.getByLabel("Bank account", { exact: true }).inputValue()).toBe("demo-success");
  await page.getByRole("button", { name: "Continue" }).click();
  await payButton(page).click();
  await page.getByRole("button", { name: "Show this payout" }).click();
  await expect.poll(() => new URL(page.url()).pathname).not.toBe(`/payouts/${id}`);
});

test("charts count doubts apart; one switch above them changes both; a phone shows why a payout failed", async () => {
  await paid(ACME, 1_000, "demo-fail", "failed");
  const doubt = await on.server.pay(ACME, 2_000, "demo-silent");
  await expect.poll(async () => (await statusOf(ACME, doubt)).in_doubt).not.toBeNull();
  const { page } = await on.open({ viewport: PHONE });
  await signInAs(page, "Acme Agency");
  await page.getByRole("slider", { name: "Payouts by day and outcome" }).waitFor();
  const legend = page.getByRole("region", { name: "Payouts by outcome" }).getByRole("listitem");
  await legend.filter({ hasText: "In doubt" }).getByText("1", { exact: true }).waitFor();
  expect(await legend.filter({ hasText: "Processing" }).count()).toBe(0);
  const failed = page.getByRole("row").filter({ hasText: "demo-fail" }).first();
  expect(await failed.getByText("Beneficiary account is closed").isVisible()).toBe(true);

  const switched = page
    .getByRole("radiogroup", { name: "Period of both charts" })
    .or(page.getByLabel("Period of both charts"));
  expect(await page.getByRole("region", { name: "Balance over time" }).getByText("30 days").count()).toBe(0);
  await switched.first().getByText("30 days").click();
  const days = (name: string) => page.getByRole("slider", { name }).getAttribute("aria-valuemax");
  await expect.poll(() => days("Payouts by day and outcome")).toBe("29");
});

test("amounts stand under each other at the right", async () => {
  await paid(ACME, 123_456, "demo-success", "completed");
  const { page } = await on.open();
  await signInAs(page, "Acme Agency");
  await page.goto("/payouts");
  await page.getByRole("row").nth(2).waitFor();
  const rights = await page
    .getByRole("cell")
    .filter({ hasText: "₹" })
    .getByRole("link")
    .evaluateAll((links) =>
      links.map((link) => Math.round(link.firstElementChild?.getBoundingClientRect().right ?? 0)),
    );
  expect(rights.length).toBeGreaterThan(1);
  expect(new Set(rights).size).toBe(1);
});

test("a panel that breaks takes nothing else with it", async () => {
  const { page } = (await on.open()).allow(/TypeError|is not iterable|undefined/);
  let isBroken = true;
  await page.route("**/api/v1/insights*", async (route) =>
    isBroken ? await route.fulfill({ json: { counted: 1 } }) : await route.fallback(),
  );
  await signInAs(page, "Acme Agency");
  const panel = page.getByRole("region", { name: "Balance over time" });
  await panel.getByText("“Balance over time” cannot be shown").waitFor();
  expect(await available(page).isVisible()).toBe(true);
  await page.getByRole("table", { name: "Recent payouts" }).waitFor();
  isBroken = false;
  await page.getByText("30 days").click();
  await expect.poll(() => tryAgain(page)).toBe(0);
  await panel.getByRole("slider").waitFor();
});

/** Presses what there is to press; how many panels are still broken. */
async function tryAgain(page: Page): Promise<number> {
  const buttons = page.getByRole("button", { name: "Try again" });
  if ((await buttons.count()) > 0)
    await buttons
      .first()
      .click({ timeout: 1_000 })
      .catch(() => {});
  return await buttons.count();
}

test("code that could not be fetched is fetched again: the page around it stays", async () => {
  const { page } = (await on.open()).allow(/net::ERR_FAILED/);
  let isCut = true;
  await page.route(/\/assets\/(ledger|palette)-[^/]*\.js$/, async (route) =>
    isCut ? await route.abort() : await route.fallback(),
  );
  await signInAs(page, "Acme Agency");
  await page.waitForLoadState("networkidle");
  await page.getByRole("link", { name: "Ledger" }).first().click();
  await page.getByText("This part of the page has not been loaded yet").waitFor();
  await page.getByRole("link", { name: "Overview" }).first().click();
  await page.getByTestId("available").waitFor();
  isCut = false;
  await page.getByRole("link", { name: "Ledger" }).first().click();
  await page.getByRole("heading", { level: 1, name: "Ledger" }).waitFor();
});
