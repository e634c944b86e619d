import type { Page } from "playwright-core";
import { expect, vi } from "vitest";
import { DEADLINE_MS } from "./deadline.ts";
import { preparePayout, signInAs, signInFilled } from "./merchant.ts";
import { signInOperator } from "./operator.ts";
import { ACME, FIAZ, FILLED, type Server } from "./server.ts";

/** A page as a visitor comes to see it. */
export interface Stop {
  name: string;
  show: (page: Page) => Promise<void>;
}

export interface Sights {
  paid: string;
  doubtful: string;
  merchant: string;
}

/** Payouts of every kind, so that no page is empty. A doubt stays one if calls are repeated late. */
export async function fill(server: Server): Promise<Sights> {
  for (const paise of [125_050, 40_000, 7_725, 99_999]) await server.pay(ACME, paise, "demo-success");
  await server.pay(ACME, 65_000, "demo-fail");
  await server.pay(ACME, 30_000, "demo-return");
  await server.pay(FIAZ, 45_000, "demo-success");
  const doubtful = await server.pay(ACME, 18_000, "demo-silent");
  await server.pay(FIAZ, 12_345, "demo-silent");
  const paid = await server.pay(ACME, 100_000, "demo-success");
  const story = async (id: string) => await server.json<Story>(ACME, `/api/v1/payouts/${id}/`);
  const hasHappened = async () => {
    expect((await story(paid)).status).toBe("completed");
    expect((await story(doubtful)).in_doubt).toBeTruthy();
  };
  await vi.waitFor(hasHappened, { timeout: DEADLINE_MS, interval: 50 });
  const { id } = await server.json<{ id: string }>(ACME, "/api/v1/me/");
  return { paid, doubtful, merchant: id };
}

interface Story {
  status: string;
  in_doubt: unknown;
}

const heading = (page: Page, name: string | RegExp) => page.getByRole("heading", { level: 1, name }).waitFor();

async function visit(page: Page, path: string, name: string | RegExp): Promise<void> {
  // A form that was left with something typed in it would open again.
  if (page.url().startsWith("http")) await page.evaluate(() => sessionStorage.clear());
  await page.goto(path);
  await heading(page, name);
}

/** The merchant's pages, in an order in which one visit can see them all. */
export function merchantTour({ paid, doubtful }: Sights): Stop[] {
  return [
    {
      name: "sign-in",
      show: async (page) => {
        await page.goto("/");
        await page.getByLabel("API key").waitFor();
      },
    },
    {
      name: "overview",
      show: async (page) => {
        await signInAs(page, "Acme Agency");
        await page.getByRole("row").nth(1).waitFor();
      },
    },
    { name: "payouts", show: (page) => visit(page, "/payouts", "Payouts") },
    { name: "payout", show: (page) => visit(page, `/payouts/${paid}`, /Completed/) },
    { name: "payout-in-doubt", show: (page) => visit(page, `/payouts/${doubtful}`, /In doubt/) },
    { name: "ledger", show: (page) => visit(page, "/ledger", "Ledger") },
    {
      name: "new-payout",
      show: async (page) => {
        await visit(page, "/", "Overview");
        await page.getByRole("button", { name: "New payout" }).first().click();
        await page.getByLabel("Amount in rupees").fill("1,250.50");
      },
    },
    {
      name: "confirm-payout",
      show: async (page) => {
        await visit(page, "/", "Overview");
        await preparePayout(page, "1,250.50", "demo-success");
        await page.getByRole("button", { name: /^Pay ₹/ }).waitFor();
      },
    },
    {
      name: "not-found",
      show: (page) => page.goto("/no-such-page").then(() => page.getByText("Page not found").waitFor()),
    },
    {
      name: "double-spend",
      show: async (page) => {
        await page.context().clearCookies();
        await signInAs(page, "Tiny Studio");
        await visit(page, "/double-spend", /twice/);
        await page.getByRole("button", { name: "Send both requests" }).click();
        await page.getByText("One was held, the other was refused.").waitFor();
      },
    },
  ];
}

/** The pages of the merchant with a long history and a balance in crores. */
export async function longTour(server: Server): Promise<Stop[]> {
  const [newest] = await server.json<{ id: string }[]>(FILLED, "/api/v1/payouts/?view=full&limit=1");
  return [
    {
      name: "long-overview",
      show: async (page) => {
        await page.context().clearCookies();
        await signInFilled(page);
        await page.getByRole("row").nth(1).waitFor();
      },
    },
    { name: "long-payouts", show: (page) => visit(page, "/payouts", "Payouts") },
    { name: "long-payout", show: (page) => visit(page, `/payouts/${newest?.id}`, /Completed/) },
    { name: "long-ledger", show: (page) => visit(page, "/ledger", "Ledger") },
    {
      name: "long-search",
      show: async (page) => {
        await visit(page, "/", "Overview");
        await page.keyboard.press("Control+k");
        await page.getByRole("dialog").getByRole("combobox").fill("demo-success");
        await page.getByText("by bank account").first().waitFor();
      },
    },
  ];
}

/** The operator's pages. */
export function operatorTour({ doubtful, merchant }: Sights): Stop[] {
  return [
    {
      name: "admin-sign-in",
      show: async (page) => {
        await page.goto("/admin/");
        await page.getByRole("heading", { name: "Operators only" }).waitFor();
      },
    },
    {
      name: "admin-overview",
      show: async (page) => {
        await signInOperator(page);
        await page.getByText("It balances").waitFor();
        await page.getByRole("button", { name: "Run now" }).click();
        await page.getByText("No difference.").waitFor();
      },
    },
    { name: "admin-merchants", show: (page) => visit(page, "/admin/merchants", "Merchants") },
    { name: "admin-merchant", show: (page) => visit(page, `/admin/merchants/${merchant}`, "Acme Agency") },
    {
      name: "admin-fund",
      show: async (page) => {
        await visit(page, `/admin/merchants/${merchant}`, "Acme Agency");
        await page.getByRole("button", { name: "Fund" }).click();
        await page.getByLabel("Amount in rupees").fill("1,00,000");
      },
    },
    {
      name: "admin-rotate",
      show: async (page) => {
        await visit(page, `/admin/merchants/${merchant}`, "Acme Agency");
        await page.getByRole("button", { name: /^Rotate/ }).click();
        await page.getByRole("alertdialog").waitFor();
      },
    },
    {
      name: "admin-new-merchant",
      show: async (page) => {
        await visit(page, "/admin/merchants", "Merchants");
        await page.getByRole("button", { name: "New merchant" }).click();
        await page.getByLabel("Name").fill("Nine Looms");
      },
    },
    { name: "admin-payouts", show: (page) => visit(page, "/admin/payouts", "Payouts") },
    { name: "admin-payout", show: (page) => visit(page, `/admin/payouts/${merchant}/${doubtful}`, /In doubt/) },
    { name: "admin-doubtful", show: (page) => visit(page, "/admin/doubtful", "Doubtful") },
    {
      name: "admin-decide",
      show: async (page) => {
        await visit(page, "/admin/doubtful", "Doubtful");
        await page
          .getByRole("button", { name: /^Resolve/ })
          .first()
          .click();
        await page.getByRole("radio", { name: "The bank paid" }).check();
        await page.getByRole("textbox", { name: "UTR" }).fill("UTR20261122000417");
        await page.getByLabel("Reason").fill("The bank's desk confirmed the transfer by letter, number 417.");
      },
    },
    { name: "admin-exceptions", show: (page) => visit(page, "/admin/exceptions", "Exceptions") },
    { name: "admin-ledger", show: (page) => visit(page, "/admin/ledger", "Ledger") },
    { name: "admin-requests", show: (page) => visit(page, "/admin/records", "Requests") },
    {
      name: "admin-request",
      show: async (page) => {
        await visit(page, "/admin/records", "Requests");
        await page.getByRole("button", { name: /^Show/ }).first().click();
        await page.getByRole("dialog").waitFor();
      },
    },
    { name: "admin-audit-log", show: (page) => visit(page, "/admin/actions", "Audit log") },
  ];
}
