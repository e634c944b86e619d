import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { payInDoubt } from "./harness/doubt.ts";
import { balance, goTo, openMerchant, signInOperator } from "./harness/operator.ts";
import { scene } from "./harness/scene.ts";
import { ACME, FIAZ, FILLED, TINY } from "./harness/server.ts";

// The operator's pages with a long history. Doubts stay: calls are repeated after minutes.
const on = scene({ PAYRAIL_RETRY_BASE_MS: "600000" }, 5_000);

const row = (page: Page, id: string) =>
  page.getByRole("row").filter({ has: page.getByRole("link", { name: `Payout ending in ${id.slice(-8)}` }) });

const focused = (page: Page) =>
  page.evaluate(() => document.activeElement?.id || document.activeElement?.textContent?.trim());

test("after a funding the page has the new entry and the new balance, and the focus is back", async () => {
  const { page } = await on.open();
  await signInOperator(page);
  await openMerchant(page, "Tiny Studio");
  const entries = page.getByRole("table", { name: "Recent ledger entries" });
  await entries.getByText("Initial seed credit").waitFor();
  const fund = page.getByRole("button", { name: "Fund", exact: true });
  await fund.click();
  await page.getByLabel("Amount in rupees").fill("1,00,00,00,000");
  await page.getByLabel("Description").fill("RTGS of 22 November");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("button", { name: /^Fund ₹/ }).click();
  await entries.getByText("RTGS of 22 November").waitFor();
  await expect.poll(() => balance(page, "Available").textContent()).toBe("₹1,00,00,00,100.00");
  await expect.poll(() => focused(page)).toBe("Fund");
});

test("a form in which a doubt is resolved outlives the doubt's row, and leaves the focus on the page", async () => {
  const { page } = (await on.open()).allow(/409/);
  const [first, second] = [await payInDoubt(on.server, FIAZ, 1_100), await payInDoubt(on.server, FIAZ, 1_200)];
  await signInOperator(page);
  await goTo(page, "In doubt");
  const open = (id: string) =>
    row(page, id)
      .getByRole("button", { name: /^Resolve/ })
      .click();
  await open(first);
  await page.getByRole("radio", { name: "The bank did not pay" }).check();
  await page.getByLabel("Reason").fill("Half a sentence of the");
  await on.server.resolve(FIAZ, [first], "not_paid", "Another operator was faster.");
  await page.getByText("This payout is no longer in doubt.").waitFor();
  expect(await page.getByLabel("Reason").inputValue()).toBe("Half a sentence of the");
  await page.getByRole("button", { name: "Cancel" }).click();

  await open(second);
  await page.getByRole("radio", { name: "The bank did not pay" }).check();
  await page.getByLabel("Reason").fill("The bank's desk cancelled the order for good.");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Refund" }).click();
  await row(page, second).waitFor({ state: "hidden" });
  await expect.poll(() => focused(page)).toBe("main");
});

test("whoever signs out is not told that the session has ended", async () => {
  const { page } = await on.open();
  await signInOperator(page);
  await page
    .getByRole("button", { name: /Signed in as admin/ })
    .first()
    .click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Operators only" }).waitFor();
  expect(await page.getByText("Your session has ended.").count()).toBe(0);
});

test("alarms are announced once: what is read out has no age", async () => {
  const { page } = await on.open();
  await signInOperator(page);
  await page.getByText("Balanced").waitFor();
  const alerts = await page.getByRole("alert").allTextContents();
  expect(alerts.join(" ")).not.toMatch(/\d+ (s|min|h) /);
});

test("an account and an amount lead to their payouts from Ctrl K", async () => {
  const id = await on.server.pay(ACME, 98_765, "acct-needle-417");
  const { page } = await on.open();
  await signInOperator(page);
  for (const [text, by] of [
    ["acct-needle-417", "by bank account"],
    ["₹987.65", "by amount"],
  ] as const) {
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox").fill(text);
    await page.getByRole("option").filter({ hasText: by }).first().waitFor();
    await page.keyboard.press("Enter");
    await expect.poll(() => new URL(page.url()).pathname).toContain(id);
    await goTo(page, "Overview");
  }
});

test("new payouts wait behind a button, and a long list takes little memory", async () => {
  const { page, context } = await on.open();
  await signInOperator(page, undefined, "/admin/payouts");
  const table = page.getByRole("table", { name: "Payouts" });
  await expect
    .poll(async () => {
      await page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight));
      return Number(await table.getAttribute("data-rows"));
    })
    .toBeGreaterThan(5_000);
  const session = await context.newCDPSession(page);
  await session.send("HeapProfiler.enable");
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  expect(usedSize).toBeLessThan(60_000_000);
  expect(await page.getByRole("row").count()).toBeLessThan(120);
  await page.evaluate(() => window.scrollTo(0, 0));
  for (let count = 0; count < 3; count += 1) await on.server.pay(FILLED, 500 + count, "demo-success");
  await page.getByRole("button", { name: /^3 new/ }).click();
  await page.getByRole("row").nth(1).getByText("₹5.02").waitFor();
  for (let count = 0; count < 55; count += 1) await on.server.pay(FILLED, 100, "demo-success");
  await page.getByRole("button", { name: /^50\+ new/ }).waitFor();
});

test("older payouts are searched when somebody asks for it", async () => {
  const { page } = await on.open();
  await page.route(/api\/v1\/payouts\?.*search=needle-of-old/, async (route) => {
    const isOlder = route.request().url().includes("before=");
    const next = `<${route.request().url()}&before=x>; rel="next"`;
    await route.fulfill({ json: [], headers: isOlder ? {} : { Link: next } });
  });
  await signInOperator(page, undefined, "/admin/payouts?search=needle-of-old");
  await page.getByText("No match in recent payouts.").waitFor();
  await page.getByRole("button", { name: "Search older payouts" }).click();
  await page.getByText("No payouts match these filters").waitFor();
});

test("the server is killed and started again: the operator's page goes on without a reload", async () => {
  const { page } = (await on.open()).allow(/net::ERR_/);
  await signInOperator(page);
  await page.getByText("Balanced").waitFor();
  await page.waitForLoadState("networkidle");
  await page.evaluate(() => Object.assign(window, { sameDocument: true }));
  await on.server.kill();
  await page.getByText(/Not connected\. Figures from \d\d:\d\d\./).waitFor();
  await on.server.restart();
  await page.getByText("Not connected.").waitFor({ state: "hidden" });
  await goTo(page, "Merchants");
  await page.getByRole("link", { name: "Tiny Studio" }).waitFor();
  expect(await page.evaluate(() => "sameDocument" in window)).toBe(true);
  expect(await on.server.json(TINY, "/api/v1/me/")).toMatchObject({ name: "Tiny Studio" });
});
