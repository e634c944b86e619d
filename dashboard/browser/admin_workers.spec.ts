import { afterAll, expect, test } from "vitest";
import { signInOperator } from "./harness/operator.ts";
import { scene } from "./harness/scene.ts";
import { Bank, TINY } from "./harness/server.ts";

const on = scene();

test("the overview shows the workers and the bank's recent answers", async () => {
  const { page } = await on.open();
  const id = await on.server.pay(TINY, 100, "demo-fail");
  await signInOperator(page);
  const workers = page.getByRole("table", { name: "Workers" });
  await workers.getByText("Running").waitFor();
  await workers.getByText(/^worker-/).waitFor();
  const answers = page.getByRole("table", { name: "Recent bank answers" });
  await answers.getByText("The bank refused").waitFor();
  await answers.getByRole("link", { name: `Payout ending in ${id.slice(-8)}` }).waitFor();
  expect(await page.locator("[data-alarm]").count()).toBe(0);
});

/** An API alone, with a worker in a process of its own. */
const bank = await Bank.start();
const apart = scene({ PAYRAIL_ROLE: "api", PAYRAIL_BANK_URL: bank.url });
afterAll(() => bank.stop());

test("a worker that is killed raises the alarm, and its payouts wait", async () => {
  const { page } = await apart.open();
  const worker = apart.server.startWorker();
  const paid = await apart.server.pay(TINY, 100, "demo-success");
  const statusOf = async (id: string) =>
    (await apart.server.json<{ status: string }>(TINY, `/api/v1/payouts/${id}/`)).status;
  await expect.poll(() => statusOf(paid)).toBe("completed");
  await signInOperator(page);
  await page.getByRole("table", { name: "Workers" }).getByText("Running").waitFor();
  expect(await page.locator("[data-alarm]").count()).toBe(0);
  await worker.kill();
  const waiting = await apart.server.pay(TINY, 200, "demo-success");
  await page.locator("[data-alarm=no-worker]").getByText("1 payout is due and no worker is running").waitFor();
  await page.getByRole("table", { name: "Workers" }).getByText("Not responding").waitFor();
  expect(await statusOf(waiting)).toBe("pending");
});
