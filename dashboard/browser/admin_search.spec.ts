import { mkdir } from "node:fs/promises";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { DESKTOP } from "./harness/browser.ts";
import { goTo, openMerchant, signInOperator } from "./harness/operator.ts";
import { scene } from "./harness/scene.ts";
import { ACME, FIAZ } from "./harness/server.ts";

const on = scene();

interface Story {
  status: string;
  utr: string | null;
  reference: string;
}

async function paid(key: string, paise: number): Promise<{ id: string } & Story> {
  const id = await on.server.pay(key, paise, "demo-success");
  const read = () => on.server.json<Story>(key, `/api/v1/payouts/${id}/`);
  await expect.poll(async () => (await read()).status, { timeout: 60_000 }).toBe("completed");
  return { id, ...(await read()) };
}

async function search(page: Page, text: string): Promise<void> {
  await page.keyboard.press("Control+k");
  await page.getByPlaceholder(/^Id, reference, UTR/).fill(text);
}

test("a UTR, an id, an ending and an amount lead to exactly that payout, whosever it is", async () => {
  const { page } = await on.open();
  const wanted = await paid(ACME, 43_210);
  for (let count = 0; count < 12; count += 1) await on.server.pay(count % 2 ? ACME : FIAZ, 100 + count, "demo-success");
  await signInOperator(page);
  for (const [text, by] of [
    [wanted.utr ?? "", "by UTR"],
    [wanted.id, "by payout id"],
    [wanted.reference, "by reference"],
    [`…${wanted.id.slice(-8)}`, "by last 8 characters"],
    ["₹432.10", "by amount"],
  ] as const) {
    await search(page, text);
    const option = page.getByRole("option").filter({ hasText: by });
    await option.getByText("₹432.10 of Acme Agency to demo-success").waitFor();
    await page.keyboard.press("Enter");
    await expect.poll(() => new URL(page.url()).pathname).toContain(wanted.id);
    await goTo(page, "Overview");
  }
  await search(page, "TINY@example.com");
  await page.getByRole("option").filter({ hasText: "by e-mail" }).click();
  await page.getByRole("heading", { level: 1, name: "Tiny Studio" }).waitFor();
});

test("a part of a UTR opens no payout", async () => {
  const { page } = await on.open();
  const wanted = await paid(FIAZ, 1_234);
  await signInOperator(page);
  await search(page, (wanted.utr ?? "").slice(1));
  await page.getByText(/Show all payouts that mention/).waitFor();
  expect(await page.getByRole("option").filter({ hasText: "by UTR" }).count()).toBe(0);
});

test("the focus returns to where it was after search and after funding", async () => {
  const { page } = await on.open();
  await signInOperator(page);
  await openMerchant(page, "Acme Agency");
  const fund = page.getByRole("button", { name: "Fund", exact: true });
  await fund.focus();
  await page.keyboard.press("Enter");
  await page.getByLabel("Amount in rupees").waitFor();
  await page.keyboard.press("Escape");
  await expect.poll(() => fund.evaluate((button) => button === document.activeElement)).toBe(true);
  await page.keyboard.press("Control+k");
  await page.getByPlaceholder(/^Id, reference, UTR/).waitFor();
  await page.keyboard.press("Escape");
  await expect.poll(() => fund.evaluate((button) => button === document.activeElement)).toBe(true);
});

test("without the server: how old the figures are, every page opens, and all recovers by itself", async () => {
  const { page, context } = (await on.open()).allow(/net::ERR_/);
  await signInOperator(page);
  await page.getByText("It balances").waitFor();
  await page.waitForLoadState("networkidle");
  await context.setOffline(true);
  await page.getByText(/Not connected\. Figures from \d\d:\d\d\./).waitFor();
  await page.getByRole("link", { name: "Operators", exact: true }).first().click();
  await page.getByRole("heading", { level: 1, name: "Operators" }).waitFor();
  await page.keyboard.press("Control+k");
  await page.getByPlaceholder(/^Id, reference, UTR/).fill("anything");
  await page.keyboard.press("Escape");
  await context.setOffline(false);
  await page.getByText(/Not connected\./).waitFor({ state: "hidden" });
  await page.getByRole("row").filter({ hasText: "viewer" }).first().waitFor();
});

test("with crores no page is wider than its window, at any width, and no amount is cut off", async () => {
  const { page } = await on.open();
  await signInOperator(page);
  const { id } = await on.server.json<{ id: string }>(ACME, "/api/v1/me/");
  for (let count = 0; count < 3; count += 1) {
    const status = await page.evaluate(async (merchant) => {
      const key = `0190f4c2-7b1e-7c3a-9d5e-${Math.random().toString(16).slice(2, 14).padEnd(12, "0")}`;
      const answer = await fetch(`/admin/api/v1/merchants/${merchant}/fund`, {
        method: "POST",
        headers: { "Idempotency-Key": key, "Content-Type": "application/json" },
        body: JSON.stringify({
          amount_paise: 4_999_999_999_999,
          description: "A large transfer of the customer’s bank",
        }),
      });
      return answer.status;
    }, id);
    expect(status).toBe(201);
  }
  const seen: string[] = [];
  for (const width of [1440, 1280, 1024, 720, 390, 320]) {
    await page.setViewportSize({ width, height: 900 });
    for (const path of ["", "ledger", "payouts", `merchants/${id}`, "merchants", "actions", "operators"]) {
      await page.goto(`/admin/${path}`);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.waitForLoadState("networkidle");
      const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      if (over > 0) seen.push(`${path || "overview"} at ${width}: ${over} px too wide`);
      const cut = await page.evaluate(() => {
        const amounts = [...document.querySelectorAll(".tabular")].filter((it) => it.textContent?.includes("₹"));
        const frame = (it: Element) => it.closest("main")?.getBoundingClientRect();
        return amounts.filter((it) => {
          const box = it.getBoundingClientRect();
          const edge = frame(it);
          return edge && box.width > 0 && (box.right > edge.right + 1 || box.left < edge.left - 1);
        }).length;
      });
      if (cut > 0) seen.push(`${path || "overview"} at ${width}: ${cut} amounts cut off`);
      if (process.env.PICTURES) {
        await mkdir(process.env.PICTURES, { recursive: true });
        await page.screenshot({
          path: `${process.env.PICTURES}/${path.replace(/\W.*/, "") || "overview"}-${width}.png`,
        });
      }
    }
  }
  expect(seen).toEqual([]);
  await page.setViewportSize(DESKTOP);
  await page.goto("/admin/ledger");
  await page.getByRole("row").nth(3).waitFor();
  // It is a table there, not a list of cards.
  expect(await page.getByRole("columnheader", { name: "Balance after" }).isVisible()).toBe(true);
});

test("a long list is virtual, and its older rows come while one scrolls", async () => {
  const { page } = await on.open();
  for (let count = 0; count < 130; count += 1) await on.server.pay(ACME, 1, "demo-success");
  await signInOperator(page, undefined, "/admin/ledger");
  const rows = page.getByRole("row");
  await rows.nth(10).waitFor();
  const table = page.getByRole("table", { name: "Ledger entries" });
  await expect
    .poll(
      async () => {
        await page.mouse.wheel(0, 20_000);
        return Number(await table.getAttribute("aria-rowcount"));
      },
      { timeout: 60_000 },
    )
    .toBeGreaterThan(240);
  expect(await rows.count()).toBeLessThan(100);
});

test("days are those of the time zone that is shown, and a reversed period is refused in words", async () => {
  const { page } = await on.open();
  const asked: string[] = [];
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.pathname.endsWith("/admin/api/v1/payouts")) asked.push(url.search);
  });
  await signInOperator(page, undefined, "/admin/payouts");
  await page.getByRole("button", { name: "Time zone: IST" }).first().waitFor();
  await page.getByLabel("Dates", { exact: true }).selectOption("today");
  await expect.poll(() => asked.at(-1) ?? "").toContain("zone=Asia%2FKolkata");
  await page.goto("/admin/payouts?from=2026-10-10&to=2026-10-09");
  await page.getByText("The last day is before the first. Exchange the two dates.").waitFor();
});
