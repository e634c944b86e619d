import { expect, test } from "vitest";
import { signInOperator } from "./harness/operator.ts";
import { scene } from "./harness/scene.ts";
import { TINY } from "./harness/server.ts";

const on = scene();

test("the overview shows the workers and the bank's recent answers", async () => {
  const { page } = await on.open();
  const id = await on.server.pay(TINY, 100, "demo-fail");
  await signInOperator(page);
  const workers = page.getByRole("table", { name: "Workers" });
  await workers.getByText("Running").waitFor();
  await workers.getByText(/^worker-/).waitFor();
  const answers = page.getByRole("table", { name: "The bank’s recent answers" });
  await answers.getByText("The bank refused").waitFor();
  await answers.getByRole("link", { name: `Payout ending in ${id.slice(-8)}` }).waitFor();
  expect(await page.locator("[data-alarm]").count()).toBe(0);
});
