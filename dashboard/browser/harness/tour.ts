import type { Page } from "playwright-core";
import { expect, vi } from "vitest";
import { DEADLINE_MS } from "./deadline.ts";
import { exceptionRow, metBank, withAnswer } from "./made_up.ts";
import { available, payButton, preparePayout, signInAs, signInFilled } from "./merchant.ts";
import { signInOperator } from "./operator.ts";
import { ACME, FIAZ, FILLED, type Server } from "./server.ts";

/** A page as a visitor comes to see it. */
export interface Stop {
  name: string;
  show: (page: Page) => Promise<void>;
}

interface Overview {
  workers: object;
}

/** Whatever is asked for there gets no answer. */
const loseAnswers = (page: Page, address: string) =>
  page.route(address, async (route) =>
    route.request().method() === "POST" ? await route.abort() : await route.fallback(),
  );

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
  const read = async (id: string) => await server.json<Payout>(ACME, `/api/v1/payouts/${id}/`);
  const hasHappened = async () => {
    expect((await read(paid)).status).toBe("completed");
    expect((await read(doubtful)).in_doubt).toBeTruthy();
  };
  await vi.waitFor(hasHappened, { timeout: DEADLINE_MS, interval: 50 });
  const { id } = await server.json<{ id: string }>(ACME, "/api/v1/me/");
  return { paid, doubtful, merchant: id };
}

interface Payout {
  status: string;
  in_doubt: unknown;
}

const CRORE = 10_000_000_00;

/** On top of the long history, whose payouts are all alike: other amounts, other outcomes. */
export async function enrich(server: Server): Promise<void> {
  const amounts = [7_50, 1_299_00, 84_999_99, 2_75_000_00, 12_40_000_00, 3 * CRORE, 25 * CRORE + 50];
  for (const paise of amounts) await server.pay(FILLED, paise, "demo-success");
  for (const paise of [4_450_00, 1_10_000_00]) await server.pay(FILLED, paise, "demo-fail");
  for (const paise of [9_999_00, 2 * CRORE]) await server.pay(FILLED, paise, "demo-return");
  const doubtful = await server.pay(FILLED, 100 * CRORE, "demo-silent");
  await vi.waitFor(
    async () => {
      const { in_doubt } = await server.json<Payout>(FILLED, `/api/v1/payouts/${doubtful}/`);
      expect(in_doubt).toBeTruthy();
    },
    { timeout: DEADLINE_MS, interval: 50 },
  );
}

/** The bank answers well again: no alarm stands on the operators' overview. */
export async function calm(server: Server): Promise<void> {
  const ids: string[] = [];
  for (const paise of [1_299_00, 45_000, 7_725, 99_999, 2_500_00, 64_050]) {
    ids.push(await server.pay(FIAZ, Math.round(paise / 100), "demo-success"));
  }
  const areDone = async () => {
    for (const id of ids) expect((await server.json<Payout>(FIAZ, `/api/v1/payouts/${id}/`)).status).toBe("completed");
  };
  await vi.waitFor(areDone, { timeout: DEADLINE_MS, interval: 50 });
}

const heading = (page: Page, name: string | RegExp) => page.getByRole("heading", { level: 1, name }).waitFor();

async function visit(page: Page, path: string, name: string | RegExp): Promise<void> {
  // A form that was left with something typed in it would open again.
  if (page.url().startsWith("http")) await page.evaluate(() => sessionStorage.clear());
  await page.unrouteAll();
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
      name: "unanswered-payout",
      show: async (page) => {
        await visit(page, "/", "Overview");
        await loseAnswers(page, "**/api/v1/payouts");
        await preparePayout(page, "37.50", "demo-success");
        await payButton(page).click();
        await page.getByText("We are checking whether ₹37.50").waitFor();
      },
    },
    {
      name: "unanswered-payout-later",
      show: async (page) => {
        await page.reload();
        await page.getByRole("region", { name: "A payout without an answer" }).waitFor();
      },
    },
    {
      name: "dismiss-unanswered",
      show: async (page) => {
        await page.getByRole("button", { name: "Dismiss" }).click();
        await page.getByRole("alertdialog").waitFor();
      },
    },
    {
      name: "duplicate-payout",
      show: async (page) => {
        await page.getByRole("alertdialog").getByRole("button", { name: "Dismiss" }).click();
        await visit(page, "/", "Overview");
        await preparePayout(page, "180", "demo-silent");
        await page.getByText("is already in progress").waitFor();
      },
    },
    {
      name: "custom-dates",
      show: async (page) => {
        await visit(page, "/payouts", "Payouts");
        await page.getByLabel("Dates", { exact: true }).selectOption("custom");
        await page.getByLabel("From", { exact: true }).fill("2026-10-10");
        await page.getByLabel("To", { exact: true }).fill("2026-10-09");
        await page.getByText("The end date is before the start date.").waitFor();
      },
    },
    {
      name: "not-connected",
      show: async (page) => {
        await visit(page, "/", "Overview");
        await page.waitForLoadState("networkidle");
        await page.route("**/api/v1/**", (route) => route.fulfill({ status: 503, body: "" }));
        await page.route("**/readyz", (route) => route.fulfill({ status: 503, body: "" }));
        await page.getByRole("link", { name: "Payouts", exact: true }).first().click();
        await page.getByText("Not connected.").waitFor();
        await page.getByRole("link", { name: "Overview" }).first().click();
        await available(page).waitFor();
      },
    },
    {
      name: "not-found",
      show: async (page) => {
        await page.unrouteAll();
        await page.goto("/no-such-page");
        await page.getByText("Page not found").waitFor();
      },
    },
    {
      name: "no-payouts",
      show: async (page) => {
        await page.context().clearCookies();
        await signInAs(page, "Tiny Studio");
        await visit(page, "/payouts", "Payouts");
      },
    },
    {
      name: "double-spend",
      show: async (page) => {
        await page.context().clearCookies();
        await signInAs(page, "Tiny Studio");
        await visit(page, "/double-spend", "Try a double spend");
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
export function operatorTour({ paid, doubtful, merchant }: Sights): Stop[] {
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
        await page.getByText("Balanced").waitFor();
        await page.getByRole("button", { name: "Run now" }).click();
        await page.getByRole("button", { name: "Running" }).waitFor({ state: "hidden" });
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
      name: "admin-confirm-funding",
      show: async (page) => {
        await page.getByLabel("Description").fill("RTGS of 22 November");
        await page.getByRole("button", { name: "Continue" }).click();
        await page.getByTestId("amount-in-words").waitFor();
      },
    },
    {
      name: "admin-unanswered-funding",
      show: async (page) => {
        await page.route("**/fund", (route) => route.abort());
        await page.getByRole("button", { name: /^Fund ₹/ }).click();
        await page.getByText("funded at most once").waitFor();
      },
    },
    {
      name: "admin-discard-funding",
      show: async (page) => {
        await page.getByRole("button", { name: "Do not send it again" }).click();
        await page.getByRole("alertdialog").waitFor();
      },
    },
    {
      name: "admin-rotate",
      show: async (page) => {
        // What the stop before has left open is discarded.
        const discard = page.getByRole("alertdialog").getByRole("button", { name: "Discard" });
        if (await discard.isVisible()) await discard.click();
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
    { name: "admin-in-doubt", show: (page) => visit(page, "/admin/doubtful", "In doubt") },
    {
      name: "admin-decide",
      show: async (page) => {
        await visit(page, "/admin/doubtful", "In doubt");
        await page
          .getByRole("button", { name: /^Resolve/ })
          .first()
          .click();
        await page.getByRole("radio", { name: "The bank paid" }).check();
        await page.getByRole("textbox", { name: "UTR" }).fill("UTR20261122000417");
        await page.getByLabel("Reason").fill("The bank's desk confirmed the transfer by letter, number 417.");
      },
    },
    {
      name: "admin-decide-confirm",
      show: async (page) => {
        await page.getByRole("button", { name: "Continue" }).click();
        await page.getByRole("alertdialog").waitFor();
      },
    },
    { name: "admin-no-exceptions", show: (page) => visit(page, "/admin/exceptions", "Exceptions") },
    {
      name: "admin-exceptions",
      show: async (page) => {
        await page.unrouteAll();
        await withAnswer(page, "**/admin/api/v1/exceptions*", () => exceptionRow(merchant, paid, "Acme Agency"));
        await page.goto("/admin/exceptions");
        await page.getByText("Different amount returned").first().waitFor();
      },
    },
    {
      name: "admin-resolve-exception",
      show: async (page) => {
        await page.getByRole("button", { name: /^Resolve/ }).click();
        await page.getByLabel("Reason").fill("The bank corrected its list.");
      },
    },
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
    { name: "admin-operators", show: (page) => visit(page, "/admin/operators", "Operators") },
    {
      name: "admin-invite",
      show: async (page) => {
        await page.getByRole("button", { name: "Invite" }).click();
        await page.getByLabel("Name").fill("ana");
      },
    },
    {
      name: "admin-search",
      show: async (page) => {
        await visit(page, "/admin/", "Overview");
        await page.keyboard.press("Control+k");
        await page.getByRole("combobox").fill("demo-silent");
        await page.getByText("by bank account").first().waitFor();
      },
    },
    {
      name: "admin-no-worker",
      show: async (page) => {
        await page.unrouteAll();
        await withAnswer<Overview>(page, "**/admin/api/v1/overview", (overview) => ({
          ...overview,
          due: { count: 6, is_capped: false, oldest_due_at: new Date(Date.now() - 90_000).toISOString() },
          workers: { ...overview.workers, running: 0 },
        }));
        await page.goto("/admin/");
        await page.locator("[data-alarm=no-worker]").waitFor();
      },
    },
    {
      name: "admin-different-bank",
      show: async (page) => {
        await page.unrouteAll();
        await withAnswer<Overview>(page, "**/admin/api/v1/overview", (overview) => ({
          ...overview,
          bank: metBank(),
          banks: [metBank()],
        }));
        await page.goto("/admin/");
        await page.getByRole("button", { name: "What to do" }).click();
        await page.getByRole("dialog").waitFor();
      },
    },
    {
      name: "admin-choose-password",
      show: async (page) => {
        await page.unrouteAll();
        await withAnswer<object>(page, "**/admin/api/v1/session", (session) => ({
          ...session,
          must_change_password: true,
        }));
        await page.goto("/admin/");
        await heading(page, "Choose a password");
        await page.unrouteAll();
      },
    },
  ];
}
