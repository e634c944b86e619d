import { expect, test } from "vitest";
import { signInAs } from "./harness/merchant.ts";
import { goTo, signInOperator } from "./harness/operator.ts";
import { scene } from "./harness/scene.ts";

const BANNER = "The keys and passwords are public";

const demo = scene();
const real = scene({ PAYRAIL_DEMO: "0" });

test("in demo mode every page says so, before and after the sign-in", async () => {
  const { page } = await demo.open();
  const isShown = () => page.getByText(BANNER).first().waitFor();
  await page.goto("/");
  await isShown();
  await signInAs(page, "Tiny Studio");
  for (const path of ["/", "/payouts", "/ledger"]) {
    await page.goto(path);
    await page.getByRole("heading", { level: 1 }).first().waitFor();
    await isShown();
  }
  await page.goto("/admin/");
  await isShown();
  await signInOperator(page);
  for (const name of ["Merchants", "Payouts", "Ledger"]) {
    await goTo(page, name);
    await isShown();
  }
});

test("elsewhere no page says so, and no page offers a published key or password", async () => {
  const { page } = await real.open();
  for (const path of ["/", "/admin/"]) {
    await page.goto(path);
    await page.getByRole("button", { name: "Sign in", exact: true }).waitFor();
    expect(await page.getByText(BANNER).count()).toBe(0);
    expect(await page.content()).not.toMatch(/api-key-|payrail-demo|Tiny Studio/);
  }
});
