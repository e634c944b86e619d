import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { available, signInAs } from "./harness/merchant.ts";
import { scene } from "./harness/scene.ts";
import { FIAZ, TINY } from "./harness/server.ts";
import { clickIfThere, shows } from "./harness/shows.ts";

const on = scene();

test("spent twice at once: one request is held, the other refused, side by side", async () => {
  const { page } = (await on.open()).allow(/400/);
  await signInAs(page, "Tiny Studio");
  await page.getByRole("link", { name: "Double spend" }).first().click();
  await page.getByRole("button", { name: "Send both requests" }).click();
  const lane = (verdict: string) => page.locator(`[data-verdict=${verdict}]`);
  await lane("accepted").getByText("Held ₹60.00").waitFor();
  await lane("refused").getByText("Decided second, with ₹40.00 available: not enough.").waitFor();
  await page.getByText("One was held, the other was refused.").waitFor();
  const [accepted, refused] = [await lane("accepted").boundingBox(), await lane("refused").boundingBox()];
  expect(accepted?.y).toBe(refused?.y);
  expect(await on.server.json(TINY, "/api/v1/payouts/")).toHaveLength(1);
  expect(await on.server.json(TINY, "/api/v1/me/")).toMatchObject({
    available_balance_paise: 4_000,
    held_balance_paise: 6_000,
  });
});

test("the ledger comes as CSV, exact to the letter, and no cell is a formula", async () => {
  const refused = await on.server.pay(FIAZ, 123_456, "demo-fail");
  await until(async () => (await statusOf(refused)) === "failed");
  const sly = await on.server.pay(FIAZ, 100, '=HYPERLINK("x"), "y"');
  await until(async () => ["completed", "failed", "processing"].includes(await statusOf(sly)));
  const entries = await on.server.json<Entry[]>(FIAZ, "/api/v1/ledger/?view=full");

  const { page } = await on.open();
  await signInAs(page, "Freelancer Fiaz");
  await page.getByRole("link", { name: "Ledger" }).first().click();
  await page.getByText("Initial seed credit").waitFor();
  const downloading = page.waitForEvent("download");
  await page.getByRole("link", { name: "Export CSV" }).click();
  const download = await downloading;
  expect(download.suggestedFilename()).toMatch(/^payrail-ledger-to-\d{4}-\d\d-\d\d-Asia-Kolkata\.csv$/);
  const lines = (await readFile(await download.path(), "utf8")).replaceAll("\r\n", "\n").trimEnd().split("\n");
  const [header, first, second, third] = lines;
  expect(header).toBe(
    "number,created_at,kind,description,payout_id,reference,bank_account,utr,available_paise,held_paise,bank_paise," +
      "available_after_paise,held_after_paise,available_inr,held_inr,bank_inr",
  );
  const at = (number: number) => entries.find((entry) => entry.number === number)?.created_at;
  expect(first).toBe(`1,${at(1)},fund,Initial seed credit,,,,,500000,0,-500000,500000,0,5000.00,0.00,-5000.00`);
  const reference = (id: string) => `PR${id.replaceAll("-", "").toUpperCase()}`;
  const payout = `${refused},${reference(refused)},demo-fail,`;
  expect(second).toBe(
    `2,${at(2)},hold,Payout hold for demo-fail,${payout},-123456,123456,0,376544,123456,-1234.56,1234.56,0.00`,
  );
  expect(third).toBe(
    `3,${at(3)},refund,Refund for failed payout to demo-fail,${payout},123456,-123456,0,500000,0,1234.56,-1234.56,0.00`,
  );
  // As a cell of its own the account begins with an equals sign.
  const harmless = `${sly},${reference(sly)},"'=HYPERLINK(""x""), ""y""",`;
  expect(lines[4]).toContain(`4,${at(4)},hold,"Payout hold for =HYPERLINK(""x""), ""y""",${harmless}`);
});

interface Entry {
  number: number;
  created_at: string;
}

const statusOf = async (id: string) =>
  (await on.server.json<{ status: string }>(FIAZ, `/api/v1/payouts/${id}/`)).status;

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  await expect.poll(isTrue).toBe(true);
}

test("everything works without a mouse", async () => {
  const { page } = await on.open();
  await page.goto("/");
  await page.getByRole("button", { name: /Acme Agency/ }).waitFor();
  await tabTo(page, /Acme Agency/);
  await page.keyboard.press("Enter");
  await shows(available(page), "₹10,000.00");

  await page.keyboard.press("n");
  await page.getByLabel("Amount in rupees").waitFor();
  await expect.poll(() => focused(page)).toBe("Amount in rupees");
  await page.keyboard.type("12.34");
  await page.keyboard.press("Tab");
  expect(await focused(page)).toBe("Bank account");
  await page.keyboard.type("demo-success");
  await page.keyboard.press("Enter");
  await expect.poll(() => focused(page)).toMatch(/^Pay ₹/);
  await page.keyboard.press("Enter");
  await expect.poll(() => focused(page)).toBe("Show this payout");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: /Completed/ }).waitFor();

  await page.keyboard.press("Control+k");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.type("ledger");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Ledger", level: 1 }).waitFor();
});

/** The name of what has the keyboard's focus. */
const focused = (page: Page) =>
  page.evaluate(() => {
    const element = document.activeElement;
    const label = element?.id ? document.querySelector(`label[for="${CSS.escape(element.id)}"]`) : null;
    return (label ?? element)?.textContent?.trim() ?? "";
  });

async function tabTo(page: Page, name: RegExp): Promise<void> {
  for (let presses = 0; presses < 30; presses += 1) {
    if (name.test(await focused(page))) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`the Tab key does not come to ${name}`);
}

test("without a network the page says so, and goes on by itself afterwards", async () => {
  const window = (await on.open()).allow(/net::ERR_/);
  const { page, context } = window;
  await signInAs(page, "Acme Agency");
  await page.locator("[data-live=live]").first().waitFor();
  await context.setOffline(true);
  await page.getByText("Not connected.").waitFor();
  await page.locator("[data-live=offline]").first().waitFor();
  await context.setOffline(false);
  await page.getByText("Not connected.").waitFor({ state: "hidden" });
  await page.locator("[data-live=live]").first().waitFor();
});

test("a session that was ended elsewhere: sign in again, and on where one was", async () => {
  const window = (await on.open()).allow(/401/);
  const { page } = window;
  await signInAs(page, "Freelancer Fiaz");
  await page.getByRole("link", { name: "Ledger" }).first().click();
  await page.getByRole("heading", { name: "Ledger", level: 1 }).waitFor();
  // The server forgets it, the browser does not know.
  const cookies = await window.context.cookies();
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
  const ended = await fetch(`${on.server.url}/api/v1/session`, { method: "DELETE", headers: { Cookie: cookie } });
  expect(ended.status).toBe(204);
  // The page may have noticed by itself before it is left; if not, it does when it reads the next list.
  await clickIfThere(page.getByRole("link", { name: "Payouts", exact: true }).first());
  await page.getByText("has ended. Sign in again").waitFor();
  const where = new URL(page.url()).pathname === "/ledger" ? "Ledger" : "Payouts";
  await page.getByRole("button", { name: /Freelancer Fiaz/ }).click();
  await page.getByRole("heading", { name: where, level: 1 }).waitFor();
});
