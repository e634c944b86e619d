import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { PHONE } from "./harness/browser.ts";
import { goTo, signInOperator, VIEWER } from "./harness/operator.ts";
import { scene } from "./harness/scene.ts";
import { ACME } from "./harness/server.ts";

const on = scene({ PAYRAIL_RETRY_BASE_MS: "600000" });
const OWN = "a password of my own";

async function takePassword(page: Page): Promise<string> {
  const password = (await page.getByTestId("secret").textContent()) ?? "";
  await page.getByLabel("I have stored the password").check();
  await page.getByRole("button", { name: "Done" }).click();
  return password;
}

async function openOperators(page: Page): Promise<void> {
  await page.getByRole("link", { name: "Operators", exact: true }).first().click();
  await page.getByRole("heading", { level: 1, name: "Operators" }).waitFor();
}

const row = (page: Page, name: string) => page.getByRole("row").filter({ has: page.getByText(name, { exact: true }) });

/** Ends every session of the operator from elsewhere. */
async function endSession(page: Page): Promise<void> {
  const cookies = await page.context().cookies(`${on.server.url}/admin/`);
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
  await fetch(`${on.server.url}/admin/api/v1/session`, { method: "DELETE", headers: { Cookie: cookie } });
}

test("an operator is invited, chooses a password, is disabled, enabled and reset", async () => {
  const { page } = (await on.open()).allow(/409/);
  await signInOperator(page);
  await openOperators(page);
  await page.getByRole("button", { name: "Invite" }).click();
  await page.getByLabel("Name").fill("admin");
  await page.getByRole("dialog").getByRole("button", { name: "Invite" }).click();
  await page.getByText("There is an operator named admin already.").waitFor();
  await page.getByLabel("Name").fill("ana");
  await page.getByLabel("Role").selectOption("operator");
  await page.getByRole("dialog").getByRole("button", { name: "Invite" }).click();
  const password = await takePassword(page);
  await row(page, "ana").getByText("One-time password").waitFor();
  expect(await page.content()).not.toContain(password);

  const invited = (await on.open()).allow(/400/, /401/);
  await invited.page.goto("/admin/");
  await invited.page.getByLabel("Name").fill("ana");
  await invited.page.getByLabel("Password", { exact: true }).fill(password);
  await invited.page.getByRole("button", { name: "Sign in", exact: true }).click();
  await invited.page.getByRole("heading", { name: "Choose a password" }).waitFor();
  await invited.page.getByLabel("One-time password").fill(password);
  await invited.page.getByLabel("New password", { exact: true }).fill("short");
  await invited.page.getByLabel("New password again").fill("shorter");
  await invited.page.getByRole("button", { name: "Change password" }).click();
  await invited.page.getByText("The two new passwords differ.").waitFor();
  await invited.page.getByLabel("New password again").fill("short");
  await invited.page.getByRole("button", { name: "Change password" }).click();
  await invited.page.getByText("Ensure this field has at least 12 characters").waitFor();
  await invited.page.getByLabel("New password", { exact: true }).fill(OWN);
  await invited.page.getByLabel("New password again").fill(OWN);
  await invited.page.getByRole("button", { name: "Change password" }).click();
  await invited.page.getByText("Balanced").waitFor();

  await row(page, "ana").getByText("Active").waitFor();
  await page.getByRole("button", { name: "Disable ana" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Disable" }).click();
  await row(page, "ana").getByText("Disabled").waitFor();
  await invited.page.getByText("Your session has ended.").waitFor();
  await page.getByRole("button", { name: "Enable ana" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Enable" }).click();
  await row(page, "ana").getByText("Active").waitFor();
  await page.getByRole("button", { name: "Reset password ana" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Reset password" }).click();
  expect(await takePassword(page)).not.toBe(password);
  await row(page, "ana").getByText("One-time password").waitFor();

  // Nobody locks themselves out.
  for (const name of ["Disable admin", "Reset password admin"]) {
    const button = page.getByRole("button", { name });
    expect(await button.getAttribute("aria-disabled"), name).toBe("true");
    await button.click({ force: true });
    expect(await page.getByRole("alertdialog").count()).toBe(0);
  }
  await goTo(page, "Audit log");
  for (const action of ["Operator created", "Operator disabled", "Operator enabled", "Password reset"]) {
    const line = page.getByRole("row").filter({ hasText: action }).first();
    await line.getByText("ana", { exact: true }).waitFor();
  }
});

test("a viewer sees the operators, changes none, and changes their own password", async () => {
  const { page } = (await on.open()).allow(/400/);
  await signInOperator(page, VIEWER);
  await openOperators(page);
  await row(page, "admin").getByText("Active").waitFor();
  for (const name of ["Invite", "Disable admin", "Reset password admin"]) {
    expect(await page.getByRole("button", { name }).getAttribute("aria-disabled"), name).toBe("true");
  }
  await page
    .getByRole("button", { name: /Signed in as viewer/ })
    .first()
    .click();
  await page.getByRole("menuitem", { name: "Change password" }).click();
  await page.getByLabel("Current password").fill("not the password");
  await page.getByLabel("New password", { exact: true }).fill(OWN);
  await page.getByLabel("New password again").fill(OWN);
  await page.getByRole("button", { name: "Change password" }).click();
  await page.getByText("The current password is wrong.").waitFor();
  await page.getByLabel("Current password").fill(VIEWER.password);
  await page.getByRole("button", { name: "Change password" }).click();
  await page.getByText("Your other sessions have ended.").first().waitFor();
  const other = await on.open();
  await signInOperator(other.page, { name: "viewer", password: OWN });
});

test("a session that ends while a decision is typed: after signing in again it is all there", async () => {
  const window = (await on.open()).allow(/401/);
  const { page } = window;
  await on.server.pay(ACME, 1_200, "demo-silent");
  await signInOperator(page, undefined, "/admin/doubtful");
  const resolve = page.getByRole("button", { name: /^Resolve/ }).first();
  await resolve.click();
  await page.getByRole("radio", { name: "The bank paid" }).check();
  await page.getByRole("textbox", { name: "UTR" }).fill("UTR-77001");
  await page.getByLabel("Reason").fill("The bank confirmed it by letter, number 417.");
  await endSession(page);
  await page.getByText("Your session has ended.").waitFor();
  await page.getByRole("button", { name: /Sign in as admin/ }).click();
  await page.getByText("This is what you typed before. Nothing was sent.").waitFor();
  expect(await page.getByRole("radio", { name: "The bank paid" }).isChecked()).toBe(true);
  expect(await page.getByRole("textbox", { name: "UTR" }).inputValue()).toBe("UTR-77001");
  expect(await page.getByLabel("Reason").inputValue()).toBe("The bank confirmed it by letter, number 417.");

  // Another operator in the same tab sees nothing of it.
  await endSession(page);
  await page.getByText("Your session has ended.").waitFor();
  await page.getByLabel("Name").fill(VIEWER.name);
  await page.getByLabel("Password", { exact: true }).fill(OWN);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await resolve.waitFor();
  expect(await page.getByRole("dialog").count()).toBe(0);
});

test("a draft that is cancelled is gone", async () => {
  const { page } = await on.open();
  await signInOperator(page, undefined, "/admin/doubtful");
  await page
    .getByRole("button", { name: /^Resolve/ })
    .first()
    .click();
  await page.getByLabel("Reason").fill("Written and thrown away.");
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.reload();
  await page
    .getByRole("button", { name: /^Resolve/ })
    .first()
    .click();
  expect(await page.getByLabel("Reason").inputValue()).toBe("");
});

test("on a phone the bar counts the payouts in doubt, and a role is one word", async () => {
  const { page } = await on.open({ viewport: PHONE });
  await signInOperator(page);
  const bar = page.getByRole("navigation", { name: "Main, at the bottom" });
  await bar.getByRole("link", { name: /1 in doubt/ }).waitFor();
  const mark = await bar.getByText("1", { exact: false }).first().boundingBox();
  expect(mark?.width ?? 0).toBeGreaterThan(8);
  await page.setViewportSize({ width: 320, height: 800 });
  await page.goto("/admin/actions");
  const name = page.getByRole("cell", { name: "viewer" }).first();
  await name.waitFor();
  const lines = await name
    .locator("span")
    .first()
    .evaluate((cell) => cell.getClientRects().length);
  expect(lines).toBe(1);
});
