import type { Page } from "playwright-core";
import { FILLED } from "./server.ts";

/** What a merchant does on the pages, in the words that stand on them. */
export async function signInAs(page: Page, name: string): Promise<void> {
  await page.goto("/");
  await page.getByRole("button", { name: new RegExp(name) }).click();
  await page.getByTestId("available").waitFor();
}

export const available = (page: Page) => page.getByTestId("available");
export const held = (page: Page) => page.getByTestId("held");

/** Up to the confirmation: form filled in, nothing sent. */
export async function preparePayout(page: Page, rupees: string, account: string): Promise<void> {
  await page.getByRole("button", { name: "New payout" }).first().click();
  await page.getByLabel("Amount in rupees").fill(rupees);
  await page.getByLabel("Bank account", { exact: true }).fill(account);
  await page.getByRole("button", { name: "Continue" }).click();
}

export const payButton = (page: Page) => page.getByRole("button", { name: /^Pay ₹/ });

/** Asks for a payout and follows it to its page. */
export async function pay(page: Page, rupees: string, account: string): Promise<void> {
  await preparePayout(page, rupees, account);
  await payButton(page).click();
  await page.getByRole("button", { name: "Show this payout" }).click();
  await page.getByRole("heading", { name: "Timeline" }).waitFor();
}

/** Signs in the merchant with a long history. */
export async function signInFilled(page: Page): Promise<void> {
  await page.goto("/");
  await page.getByLabel("API key").fill(FILLED);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByTestId("available").waitFor();
}
