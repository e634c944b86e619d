import type { Page } from "playwright-core";

export const OPERATOR = { name: "admin", password: "payrail-demo-admin" };
export const VIEWER = { name: "viewer", password: "payrail-demo-viewer" };

export async function signInOperator(page: Page, { name, password } = OPERATOR, path = "/admin/"): Promise<void> {
  await page.goto(path);
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page
    .getByRole("button", { name: new RegExp(`Signed in as ${name}`) })
    .first()
    .waitFor();
}

export async function goTo(page: Page, place: string): Promise<void> {
  await page
    .getByRole("link", { name: new RegExp(`^${place}`) })
    .first()
    .click();
  await page.getByRole("heading", { level: 1, name: place }).waitFor();
}

export async function openMerchant(page: Page, name: string): Promise<void> {
  await goTo(page, "Merchants");
  await page.getByRole("link", { name, exact: true }).click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
}

/** Reads the key that is shown this once, and says that it is kept. */
export async function takeKey(page: Page): Promise<string> {
  const key = (await page.getByTestId("secret").textContent()) ?? "";
  await page.getByLabel("I have stored the key").check();
  await page.getByRole("button", { name: "Done" }).click();
  return key;
}

/** The balance of this name on a merchant's page. */
export const balance = (page: Page, name: string) =>
  page
    .locator("dl > div")
    .filter({ has: page.getByText(name, { exact: true }) })
    .locator("dd");
