import { expect, test } from "vitest";
import { signInOperator } from "./harness/operator.ts";
import { scene } from "./harness/scene.ts";
import { TINY } from "./harness/server.ts";

// An API without a worker: nothing is sent to the bank.
const on = scene({ PAYRAIL_ROLE: "api" });

test("without a worker the overview says so in red, why, and what to do", async () => {
  const { page } = await on.open();
  for (let count = 0; count < 6; count += 1) await on.server.pay(TINY, 100, "demo-success");
  await signInOperator(page);
  await page.getByRole("alert").filter({ hasText: "No worker is running." }).waitFor();
  const alarm = page
    .locator("[data-alarm=no-worker]")
    .filter({ hasText: "6 payouts are due and no worker is running" });
  await alarm.getByText("No worker was seen in the last 24 hours.").waitFor();
  await alarm.getByText("Start a worker: payrail serve --role worker.").waitFor();
  const figure = page.getByRole("link", { name: /^Due now/ }).getByText("6", { exact: true });
  const colour = (element: Element) => getComputedStyle(element).color;
  const plain = await page
    .getByRole("link", { name: /^Merchants\s*3/ })
    .getByText("3", { exact: true })
    .evaluate(colour);
  expect(await figure.evaluate(colour)).not.toBe(plain);
  expect(await figure.getAttribute("class")).toContain("text-bad");
  await page.getByText("No worker in the last 24 hours").waitFor();
});
