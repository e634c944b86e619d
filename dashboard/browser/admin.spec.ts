import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { goTo, openMerchant, signInOperator, takeKey, VIEWER } from "./harness/operator.ts";
import { scene } from "./harness/scene.ts";
import { ACME, FIAZ, TINY } from "./harness/server.ts";
import { clickIfThere } from "./harness/shows.ts";

// Calls that got no answer are repeated after minutes: a doubt stays until an operator ends it.
const on = scene({ PAYRAIL_RETRY_BASE_MS: "600000" });

const logRow = (page: Page, action: string) => page.getByRole("row").filter({ hasText: action }).first();

test("an operator signs in with name and password; a wrong one is refused in words", async () => {
  const window = (await on.open()).allow(/401/);
  const { page } = window;
  await page.goto("/admin/");
  await page.getByLabel("Name").fill("admin");
  await page.getByLabel("Password", { exact: true }).fill("payrail-demo-wrong");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByText("The name or the password is wrong.").waitFor();
  await signInOperator(page);
  await page.getByText("Balanced").waitFor();
  const [cookie] = await window.context.cookies(`${on.server.url}/admin/`);
  expect(cookie).toMatchObject({ name: "payrail_operator", httpOnly: true, sameSite: "Strict", path: "/admin" });
  await page
    .getByRole("button", { name: /Signed in as admin/ })
    .first()
    .click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Operators only" }).waitFor();
});

test("the demonstration's operator comes in with one click", async () => {
  const { page } = await on.open();
  await page.goto("/admin/merchants");
  await page.getByRole("button", { name: /Sign in as admin/ }).click();
  await page.getByRole("heading", { level: 1, name: "Merchants" }).waitFor();
});

test("the auditor finds no difference where there is none", async () => {
  const { page } = await on.open();
  await signInOperator(page);
  await page.getByText("The audit has not run yet.").waitFor();
  await page.getByRole("button", { name: "Run now" }).click();
  await page.getByText("No difference.").waitFor();
  await page.getByText("Ledger, payouts and bank agree.").waitFor();
});

test("a merchant is created, and its key, shown once, opens its account", async () => {
  const { page } = (await on.open()).allow(/409/);
  await signInOperator(page);
  await goTo(page, "Merchants");
  await page.getByRole("button", { name: "New merchant" }).click();
  await page.getByLabel("Name").fill("Nine Looms");
  await page.getByLabel("Email").fill("acme@example.com");
  await page.getByRole("button", { name: "Create" }).click();
  await page.getByText("There is a merchant with the address").waitFor();
  await page.getByLabel("Email").fill("nine@example.com");
  await page.getByRole("button", { name: "Create" }).click();
  await page.getByTestId("secret").waitFor();
  await page.keyboard.press("Escape");
  expect(await page.getByRole("button", { name: "Done" }).isDisabled()).toBe(true);
  const key = await takeKey(page);
  await page.getByRole("heading", { level: 1, name: "Nine Looms" }).waitFor();
  expect(await page.content()).not.toContain(key);
  expect(await on.server.json(key, "/api/v1/me/")).toMatchObject({
    name: "Nine Looms",
    email: "nine@example.com",
    available_balance_paise: 0,
  });
  await goTo(page, "Merchants");
  await page.getByLabel("Search merchants").fill("NINE@");
  await page.getByRole("link", { name: "Tiny Studio" }).waitFor({ state: "hidden" });
  await page.getByRole("link", { name: "Nine Looms" }).waitFor();
});

test("a key is rotated: the old one stops working, its session ends, the new one works", async () => {
  const operators = await on.open();
  const merchants = (await on.open()).allow(/401/);
  await merchants.page.goto("/");
  await merchants.page.getByRole("button", { name: /Acme Agency/ }).click();
  await merchants.page.getByTestId("available").waitFor();

  const { page } = operators;
  await signInOperator(page);
  await openMerchant(page, "Acme Agency");
  await page.getByRole("button", { name: /^Rotate/ }).click();
  await page.getByText("The old one stops working immediately").waitFor();
  await page.getByRole("button", { name: "Rotate the key" }).click();
  const key = await takeKey(page);
  await page.getByText(/^Revoked/).waitFor();
  expect((await on.server.call(ACME, "/api/v1/me/")).status).toBe(401);
  expect((await on.server.call(key, "/api/v1/me/")).status).toBe(200);
  // The page may have noticed by itself; if not, it does when it reads the next list.
  await clickIfThere(merchants.page.getByRole("link", { name: "Ledger" }).first());
  await merchants.page.getByText("has ended. Sign in again").waitFor();

  await page.getByRole("button", { name: /^Revoke/ }).click();
  await page.getByRole("button", { name: "Revoke the key" }).click();
  await page
    .getByText(/^Revoked/)
    .nth(1)
    .waitFor();
  expect((await on.server.call(key, "/api/v1/me/")).status).toBe(401);
  await page.getByRole("button", { name: "Issue a key" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Issue a key" }).click();
  expect((await on.server.call(await takeKey(page), "/api/v1/me/")).status).toBe(200);
});

async function doubt(page: Page, key: string, paise: number): Promise<string> {
  const id = await on.server.pay(key, paise, "demo-silent");
  await goTo(page, "In doubt");
  await row(page, id).waitFor();
  return id;
}

const row = (page: Page, id: string) =>
  page.getByRole("row").filter({ has: page.getByRole("link", { name: `Payout ending in ${id.slice(-8)}` }) });

async function decide(page: Page, id: string, outcome: string, utr: string | null, reason: string): Promise<void> {
  await row(page, id)
    .getByRole("button", { name: /^Resolve/ })
    .click();
  await page.getByRole("radio", { name: outcome }).check();
  if (utr) await page.getByRole("textbox", { name: "UTR" }).fill(utr);
  await page.getByLabel("Reason").fill(reason);
  await page.getByRole("button", { name: "Continue" }).click();
}

test("a doubt is decided as paid: with a UTR and a reason, the funds settle", async () => {
  const { page } = await on.open();
  await signInOperator(page);
  const id = await doubt(page, TINY, 2_500);
  await row(page, id)
    .getByRole("button", { name: /^Resolve/ })
    .click();
  await page.getByRole("radio", { name: "The bank paid" }).check();
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByText("Enter the bank’s reference").waitFor();
  await page.getByText("Write at least 10 characters").waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();

  await decide(page, id, "The bank paid", "UTR-77001", "Confirmed by the bank's desk by letter.");
  await page.getByText("₹25.00 leaves the held balance of Tiny Studio").waitFor();
  await page.getByRole("button", { name: "Record as paid" }).click();
  await page.getByText("Resolved: paid").first().waitFor();
  await row(page, id).waitFor({ state: "hidden" });
  expect(await on.server.json(TINY, `/api/v1/payouts/${id}/`)).toMatchObject({ status: "completed", utr: "UTR-77001" });
  expect(await on.server.json(TINY, "/api/v1/me/")).toMatchObject({
    available_balance_paise: 7_500,
    held_balance_paise: 0,
  });

  await goTo(page, "Audit log");
  const line = logRow(page, "Resolved: paid");
  await line.getByText("Confirmed by the bank's desk by letter.").waitFor();
  await line.getByText("admin").waitFor();
  await line.getByRole("link", { name: `Payout ending in ${id.slice(-8)}` }).click();
  await page.getByRole("heading", { name: /Completed/ }).waitFor();
  await page.getByText("admin: Resolved: paid").waitFor();
  await page.getByText("₹25.00 settled").waitFor();
});

test("a doubt is decided as not paid: the funds go back", async () => {
  const { page } = await on.open();
  await signInOperator(page);
  const id = await doubt(page, TINY, 1_500);
  await decide(page, id, "The bank did not pay, and never will", null, "The bank's desk cancelled the order for good.");
  await page.getByText("₹15.00 goes from the held to the available balance of Tiny Studio").waitFor();
  await page.getByRole("button", { name: "Refund" }).click();
  await page.getByText("Resolved: not paid").first().waitFor();
  await row(page, id).waitFor({ state: "hidden" });
  expect(await on.server.json(TINY, `/api/v1/payouts/${id}/`)).toMatchObject({ status: "failed" });
  expect(await on.server.json(TINY, "/api/v1/me/")).toMatchObject({
    available_balance_paise: 7_500,
    held_balance_paise: 0,
  });
});

test("the bank is asked at once: what it knows ends the doubt", async () => {
  const { page } = await on.open();
  await signInOperator(page);
  const id = await on.server.pay(FIAZ, 900, "demo-timeout-paid");
  await goTo(page, "In doubt");
  await row(page, id)
    .getByRole("button", { name: /^Ask the bank now/ })
    .click();
  await page.getByText("The bank is being asked").first().waitFor();
  await row(page, id).waitFor({ state: "hidden" });
  expect(await on.server.json(FIAZ, `/api/v1/payouts/${id}/`)).toMatchObject({ status: "completed" });
});

test("the auditor runs from the page, and names the payout of which an operator said falsely that it was paid", async () => {
  const { page } = await on.open();
  await signInOperator(page);
  await page.getByRole("button", { name: "Run now" }).click();
  await page.getByText("1 difference.").waitFor();
  await page.getByText("decided_paid_but_unpaid").waitFor();
  await page.getByText("Balanced").waitFor();
  await goTo(page, "Audit log");
  await logRow(page, "Audit started").waitFor();
});

test("a viewer sees everything and can do nothing, on the page or past it", async () => {
  const window = (await on.open()).allow(/403/);
  const { page } = window;
  const id = await on.server.pay(FIAZ, 700, "demo-silent");
  await signInOperator(page, VIEWER);
  await page.getByText("Your role is viewer").first().waitFor();
  const run = page.getByRole("button", { name: "Run now" });
  expect(await run.getAttribute("aria-disabled")).toBe("true");
  await run.click({ force: true });
  await openMerchant(page, "Freelancer Fiaz");
  for (const name of [/^Fund/, /^Issue a key/, /^Rotate/, /^Revoke/]) {
    const button = page.getByRole("button", { name });
    expect(await button.getAttribute("aria-disabled"), String(name)).toBe("true");
    await button.click({ force: true });
    expect(await page.getByRole("dialog").or(page.getByRole("alertdialog")).count()).toBe(0);
  }
  await goTo(page, "In doubt");
  expect(
    await row(page, id)
      .getByRole("button", { name: /^Resolve/ })
      .getAttribute("aria-disabled"),
  ).toBe("true");

  const past = await page.evaluate(async () => {
    const answer = await fetch("/admin/api/v1/verify", { method: "POST" });
    return { status: answer.status, code: (await answer.json()).code };
  });
  expect(past).toEqual({ status: 403, code: "forbidden" });
  await goTo(page, "Audit log");
  await page.getByLabel("Operator", { exact: true }).fill("viewer");
  await expect.poll(() => new URL(page.url()).search).toBe("?operator=viewer");
  await logRow(page, "Signed in").waitFor();
  // The rows of no filter stay until the answer to this one is there.
  await expect.poll(() => page.getByRole("row").filter({ hasText: "Audit started" }).count()).toBe(0);
});

test("lists are filtered and searched by the address, and the answer to a request is shown", async () => {
  const { page } = await on.open();
  const id = await on.server.pay(FIAZ, 4_200, "demo-fail");
  await signInOperator(page, undefined, "/admin/payouts?status=failed");
  await page.getByRole("link", { name: `Payout ending in ${id.slice(-8)}` }).waitFor();
  await expect.poll(() => page.getByRole("row").filter({ hasText: "Completed" }).count()).toBe(0);
  await page.getByLabel("Search payouts").fill(id);
  await row(page, id).getByText("₹42.00").waitFor();
  await goTo(page, "Ledger");
  await page.getByLabel("Kind").selectOption("refund");
  await page.getByText("Refund for failed payout to demo-fail").first().waitFor();
  // The rows of the earlier filter stay until the answer to the new one is there.
  await expect.poll(() => page.getByText("Payout hold for").count()).toBe(0);
  await goTo(page, "Requests");
  await page
    .getByRole("row")
    .filter({ has: page.getByRole("link", { name: `Payout ending in ${id.slice(-8)}` }) })
    .getByRole("button", { name: /^Show/ })
    .click();
  await page.getByRole("dialog").getByText('"amount_paise": 4200').waitFor();
});

test("a session that has ended: sign in again, and on where one was", async () => {
  const window = (await on.open()).allow(/401/);
  const { page } = window;
  await signInOperator(page, undefined, "/admin/ledger");
  const cookies = await window.context.cookies(`${on.server.url}/admin/`);
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
  await fetch(`${on.server.url}/admin/api/v1/session`, { method: "DELETE", headers: { Cookie: cookie } });
  await page.getByText("Your session has ended.").waitFor();
  await page.getByRole("button", { name: /Sign in as admin/ }).click();
  await page.getByRole("heading", { level: 1, name: "Ledger" }).waitFor();
});

test("without the server the page says so", async () => {
  const window = (await on.open()).allow(/net::ERR_/);
  const { page, context } = window;
  await signInOperator(page);
  await context.setOffline(true);
  await page
    .getByText(/Not connected\./)
    .first()
    .waitFor();
  await context.setOffline(false);
  await page
    .getByText(/Not connected\./)
    .first()
    .waitFor({ state: "hidden" });
});
