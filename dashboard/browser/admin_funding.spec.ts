import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { PLAIN_HOST } from "./harness/browser.ts";
import { balance, openMerchant, signInOperator } from "./harness/operator.ts";
import { scene } from "./harness/scene.ts";
import { ACME, FIAZ, TINY } from "./harness/server.ts";
import { shows } from "./harness/shows.ts";

const on = scene();

async function fillIn(page: Page, amount: string, description: string): Promise<void> {
  await page.getByRole("button", { name: "Fund", exact: true }).click();
  await page.getByLabel("Amount in rupees").fill(amount);
  await page.getByLabel("Description").fill(description);
}

const confirm = (page: Page, amount: string) => page.getByRole("button", { name: `Fund ${amount}` }).click();

/** The answers to fundings are lost until this is called; the server has carried them out. */
async function loseAnswers(page: Page): Promise<() => Promise<void>> {
  await page.route("**/fund", async (route) => {
    // Outside of the browser only the address leads to the server.
    const url = route.request().url().replace(PLAIN_HOST, "127.0.0.1");
    const headers = { ...(await route.request().allHeaders()), origin: new URL(url).origin };
    expect((await route.fetch({ url, headers })).status()).toBe(201);
    await route.abort("internetdisconnected");
  });
  return () => page.unroute("**/fund");
}

test("a funding shows figures, words, merchant and the balance afterwards before anything is sent", async () => {
  const { page } = await on.open();
  await signInOperator(page);
  await openMerchant(page, "Tiny Studio");
  let sent = 0;
  page.on("request", (request) => {
    if (request.url().endsWith("/fund")) sent += 1;
  });
  await fillIn(page, "6000", "NEFT of 22 November");
  await page.getByText("₹6,000.00: Six thousand rupees").waitFor();
  await page.getByRole("button", { name: "Continue" }).click();
  const dialog = page.getByRole("dialog", { name: "Fund Tiny Studio with ₹6,000.00?" });
  await shows(dialog.getByTestId("amount-in-words"), "Six thousand rupees");
  await dialog.getByText("tiny@example.com").waitFor();
  await dialog.getByText("₹100.00").waitFor();
  await dialog.getByText("₹6,100.00").waitFor();
  expect(sent).toBe(0);
  await dialog.getByRole("button", { name: "Back" }).click();
  expect(await page.getByLabel("Amount in rupees").inputValue()).toBe("6000");
  await page.getByRole("button", { name: "Continue" }).click();
  await confirm(page, "₹6,000.00");
  await page.getByText("₹6,000.00 funded").first().waitFor();
  await shows(balance(page, "Available"), "₹6,100.00");
  expect(sent).toBe(1);
  expect(await on.server.json(TINY, "/api/v1/me/")).toMatchObject({ available_balance_paise: 610_000 });
});

test("after a lost answer and a reload the same funding goes out under the same key, and credits once", async () => {
  const { page } = (await on.open()).allow(/net::ERR_/);
  await signInOperator(page);
  await openMerchant(page, "Freelancer Fiaz");
  const recover = await loseAnswers(page);
  await fillIn(page, "1,00,000.5", "=1+1");
  await page.getByRole("button", { name: "Continue" }).click();
  await confirm(page, "₹1,00,000.50");
  await page.getByText("funded at most once").waitFor();

  await page.reload();
  const unanswered = page.getByRole("dialog", { name: "The funding of Freelancer Fiaz has no answer yet" });
  await unanswered.getByText("One lakh rupees and fifty paise").waitFor();
  // A second tab knows of it as well: nobody funds the same thing anew.
  const other = await page.context().newPage();
  await other.goto(page.url());
  await other.getByRole("button", { name: "Fund", exact: true }).click();
  await other.getByText("The funding of Freelancer Fiaz has no answer yet").waitFor();
  await other.close();

  await recover();
  await unanswered.getByRole("button", { name: "Send again" }).click();
  await page.getByText("₹1,00,000.50 funded").first().waitFor();
  expect(await on.server.json(FIAZ, "/api/v1/me/")).toMatchObject({ available_balance_paise: 10_500_050 });
  const csv = await (await on.server.call(FIAZ, "/api/v1/ledger/export?kind=fund")).text();
  expect(csv.match(/'=1\+1/g)).toHaveLength(1);

  // It has its answer: the next funding is a new one.
  await page.getByRole("button", { name: "Fund", exact: true }).click();
  await page.getByLabel("Amount in rupees").waitFor();
});

test("over plain HTTP a funding whose answer was lost is credited once, and a key can be copied", async () => {
  const { page } = (await on.open({ host: PLAIN_HOST })).allow(/net::ERR_/, /Cross-Origin-Opener-Policy/);
  await signInOperator(page);
  expect(await page.evaluate(() => [isSecureContext, typeof crypto.randomUUID, typeof navigator.clipboard])).toEqual([
    false,
    "undefined",
    "undefined",
  ]);
  await openMerchant(page, "Acme Agency");
  const recover = await loseAnswers(page);
  await fillIn(page, "1", "One rupee");
  await page.getByRole("button", { name: "Continue" }).click();
  await confirm(page, "₹1.00");
  await page.getByText("funded at most once").waitFor();
  await page.reload();
  await recover();
  await page.getByRole("button", { name: "Send again" }).click();
  await page.getByText("₹1.00 funded").first().waitFor();
  expect(await on.server.json(ACME, "/api/v1/me/")).toMatchObject({ available_balance_paise: 1_000_100 });

  await page.getByRole("button", { name: "Issue a key" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Issue a key" }).click();
  const key = await page.getByTestId("secret").textContent();
  await page.getByRole("button", { name: "Copy the key" }).click();
  await page.getByRole("button", { name: "Copied" }).waitFor();
  await page.getByLabel("I have stored the key").check();
  await page.getByRole("button", { name: "Done" }).click();
  await page.getByRole("button", { name: "Fund", exact: true }).click();
  await page.getByLabel("Description").focus();
  await page.keyboard.press("Control+V");
  expect(await page.getByLabel("Description").inputValue()).toBe(key);
});

test("what cannot be funded is refused in words, and the form keeps what was typed", async () => {
  const { page } = (await on.open()).allow(/400/);
  await signInOperator(page);
  await openMerchant(page, "Tiny Studio");
  // A character that turns the text around: it looks like something else than it is.
  await fillIn(page, "1", "Paid \u202Eback");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("button", { name: /^Fund ₹/ }).click();
  await page.getByText("Control, invisible and bidirectional characters are not allowed: U+202E").waitFor();
  expect(await page.getByLabel("Description").inputValue()).toBe("Paid \u202Eback");
});
