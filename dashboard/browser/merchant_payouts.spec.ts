import { expect, test } from "vitest";
import { available, held, pay, payButton, preparePayout, signInAs } from "./harness/merchant.ts";
import { scene } from "./harness/scene.ts";
import { FIAZ, TINY } from "./harness/server.ts";
import { shows } from "./harness/shows.ts";

const on = scene();

const payouts = (key: string) => on.server.json<{ id: string }[]>(key, "/api/v1/payouts/?limit=200");

test("a merchant signs in with one click, and out again", async () => {
  const { page } = await on.open();
  await signInAs(page, "Acme Agency");
  await shows(available(page), "₹10,000.00");
  await page.getByRole("button", { name: "Account: Acme Agency" }).click();
  await page.getByRole("menuitem", { name: /Sign out/ }).click();
  await page.getByLabel("API key").waitFor();
  await page.goto("/payouts");
  await page.getByLabel("API key").waitFor();
});

test("a key that is none is refused in words; the right one is kept nowhere on the page", async () => {
  const window = (await on.open()).allow(/401/);
  const { page } = window;
  await page.goto("/");
  await page.getByLabel("API key").fill("api-key-of-nobody");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("No merchant has this API key").waitFor();
  await page.getByLabel("API key").fill(TINY);
  await page.getByRole("button", { name: "Sign in" }).click();
  await shows(available(page), "₹100.00");
  const everywhere = await page.evaluate(() =>
    JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, document.documentElement.outerHTML]),
  );
  expect(everywhere).not.toContain(TINY);
  const [cookie] = await window.context.cookies();
  expect(cookie).toMatchObject({ name: "payrail_session", httpOnly: true, sameSite: "Strict", path: "/api" });
});

test("a payout goes live to its completion, and the balances with it", async () => {
  const { page } = await on.open();
  await signInAs(page, "Freelancer Fiaz");
  await shows(available(page), "₹5,000.00");
  await pay(page, "1,250.50", "demo-success");
  await page.getByRole("heading", { name: /Completed/ }).waitFor();
  await page.getByText("₹1,250.50 settled").waitFor();
  await page.getByText("The bank paid", { exact: false }).first().waitFor();
  await page.getByRole("button", { name: "Copy UTR" }).waitFor();
  await page.getByRole("link", { name: "Overview" }).first().click();
  await shows(available(page), "₹3,749.50");
  await shows(held(page), "₹0.00");
});

test("a payout that the bank refuses goes live to its refund", async () => {
  const { page } = await on.open();
  await signInAs(page, "Freelancer Fiaz");
  await pay(page, "200", "demo-fail");
  await page.getByRole("heading", { name: /Failed/ }).waitFor();
  await page.getByText("₹200.00 refunded").waitFor();
  await page.getByRole("link", { name: "Overview" }).first().click();
  await shows(available(page), "₹3,749.50");
});

test("the list follows what happens elsewhere, without a reload", async () => {
  const { page } = await on.open();
  await signInAs(page, "Freelancer Fiaz");
  await page.getByRole("link", { name: "Payouts", exact: true }).first().click();
  await page.locator("[data-live=live]").first().waitFor();
  await on.server.pay(FIAZ, 4_321, "demo-success");
  // Rows do not move under anybody's finger: what is new waits behind a button.
  await page.getByRole("button", { name: /^1 new/ }).click();
  const row = page.getByRole("row").filter({ hasText: "₹43.21" });
  await row.getByText("Completed").waitFor();
  await page.getByLabel("Status").selectOption("failed");
  await row.waitFor({ state: "hidden" });
  await page.getByRole("row").filter({ hasText: "₹200.00" }).waitFor();
  expect(new URL(page.url()).search).toBe("?status=failed");
  await page
    .getByRole("button", { name: /Account/ })
    .first()
    .waitFor();
});

test("more than is available is refused next to the amount, before anything is sent", async () => {
  const { page } = await on.open();
  await signInAs(page, "Tiny Studio");
  await preparePayout(page, "100.01", "demo-success");
  await page.getByText("₹100.01 is ₹0.01 more than the ₹100.00 available.").waitFor();
  const amount = page.getByLabel("Amount in rupees");
  expect(await amount.getAttribute("aria-invalid")).toBe("true");
  await page.getByRole("button", { name: "Close" }).click();
  await shows(available(page), "₹100.00");
  expect(await payouts(TINY)).toEqual([]);
});

test("what is typed wrong is said before anything is sent", async () => {
  const { page } = await on.open();
  await signInAs(page, "Tiny Studio");
  await preparePayout(page, "1.005", "");
  await page.getByText("only two digits after the point").waitFor();
  await page.getByText("Enter the bank account.").waitFor();
  expect(await payouts(TINY)).toEqual([]);
});

test("a double click pays once", async () => {
  const { page } = await on.open();
  await signInAs(page, "Tiny Studio");
  const sent: string[] = [];
  page.on("request", (request) => {
    if (request.method() === "POST" && request.url().endsWith("/payouts")) sent.push(request.url());
  });
  await preparePayout(page, "10", "demo-success");
  await payButton(page).dblclick();
  await page.getByRole("button", { name: "Show this payout" }).waitFor();
  expect(await payouts(TINY)).toHaveLength(1);
  expect(sent).toHaveLength(1);
  await page.getByRole("button", { name: "Close" }).click();
  await shows(available(page), "₹90.00");
});

test("the network is cut after the server took the request: it is sent again by itself, and pays once", async () => {
  const { page } = (await on.open()).allow(/net::ERR_INTERNET_DISCONNECTED|net::ERR_FAILED/);
  await signInAs(page, "Tiny Studio");
  const keys: (string | null)[] = [];
  await page.route("**/api/v1/payouts", async (route) => {
    if (route.request().method() !== "POST") return await route.fallback();
    keys.push(await route.request().headerValue("idempotency-key"));
    if (keys.length > 1) return await route.continue();
    // The server answers, and its answer never arrives.
    const answer = await route.fetch();
    expect(answer.status()).toBe(201);
    await route.abort("internetdisconnected");
  });
  await preparePayout(page, "20", "demo-success");
  await payButton(page).click();
  await page.getByText("We are checking whether ₹20.00").waitFor();
  await page.getByText("One payout was created, not two.").waitFor();
  expect(keys).toHaveLength(2);
  expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
  expect(new Set(keys).size).toBe(1);
  expect(await payouts(TINY)).toHaveLength(2);
  await page.getByRole("button", { name: "Close" }).click();
  await shows(available(page), "₹70.00");
});

test("the network is cut and the page reloaded: the same payout under its old key, once", async () => {
  const { page } = (await on.open()).allow(/net::ERR_INTERNET_DISCONNECTED|net::ERR_FAILED/);
  await signInAs(page, "Tiny Studio");
  let isCut = true;
  await page.route("**/api/v1/payouts", async (route) => {
    if (route.request().method() !== "POST" || !isCut) return await route.fallback();
    await route.fetch();
    await route.abort("internetdisconnected");
  });
  await preparePayout(page, "30", "demo-success");
  await payButton(page).click();
  await page.getByText("We are checking whether ₹30.00").waitFor();
  await page.reload();
  await page.getByText("no answer came", { exact: false }).waitFor();
  isCut = false;
  await page.getByRole("button", { name: "Check now" }).click();
  await page.getByText("One payout was created, not two.").waitFor();
  expect(await payouts(TINY)).toHaveLength(3);
  await page.getByRole("button", { name: "Close" }).click();
  await shows(available(page), "₹40.00");
});
