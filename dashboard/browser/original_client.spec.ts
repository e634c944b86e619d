import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, Watched } from "./harness/browser.ts";
import { otherSite } from "./harness/other_site.ts";
import { ACME, Server } from "./harness/server.ts";

// The dashboard of the first version is a page of another origin that sends the API key in a header.
let browser: Browser;
let site: Awaited<ReturnType<typeof otherSite>>;

beforeAll(async () => {
  [browser, site] = await Promise.all([launch(), otherSite()]);
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
});

/** The calls as that dashboard makes them: run in its page, in its order. */
async function asTheOriginalDashboard({ base, key }: { base: string; key: string }) {
  const headers = { Authorization: `Api-Key ${key}`, "Content-Type": "application/json" };
  const get = async (path: string) => (await fetch(`${base}/api/v1${path}`, { headers })).json();
  const [me, ledger, payouts] = await Promise.all([get("/me/"), get("/ledger/"), get("/payouts/")]);
  const create = await fetch(`${base}/api/v1/payouts/`, {
    method: "POST",
    headers: { ...headers, "Idempotency-Key": crypto.randomUUID() },
    body: JSON.stringify({ amount_paise: 6000, bank_account_id: "demo-silent" }),
  });
  return { me, ledger, payouts, status: create.status, created: await create.json(), after: await get("/payouts/") };
}

test("the original dashboard works from an origin that is allowed", async () => {
  const server = await Server.start({ PAYRAIL_CORS_ORIGINS: site.url });
  const watched = await Watched.open(browser, site.url, { alsoCalls: [server.url] });
  try {
    await watched.page.goto("/");
    const seen = await watched.page.evaluate(asTheOriginalDashboard, { base: server.url, key: ACME });
    expect(seen.me).toEqual({
      id: expect.any(String),
      name: "Acme Agency",
      email: "acme@example.com",
      available_balance_paise: 1_000_000,
      held_balance_paise: 0,
    });
    expect(seen.ledger).toEqual([
      {
        id: expect.any(String),
        amount_paise: 1_000_000,
        entry_type: "credit",
        description: "Initial seed credit",
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
      },
    ]);
    expect(seen.payouts).toEqual([]);
    expect(seen.status).toBe(201);
    expect(seen.created).toMatchObject({ amount_paise: 6000, bank_account_id: "demo-silent", status: "pending" });
    expect(seen.after.map((payout: { id: string }) => payout.id)).toEqual([seen.created.id]);
  } finally {
    await watched.close();
    await server.stop();
  }
});

test("a page of any other origin is told nothing", async () => {
  const server = await Server.start({ PAYRAIL_CORS_ORIGINS: "http://127.0.0.1:9" });
  const watched = await Watched.open(browser, site.url, { alsoCalls: [server.url] });
  watched.allow(/CORS policy/, /net::ERR_FAILED/);
  try {
    await watched.page.goto("/");
    const refused = watched.page.evaluate(asTheOriginalDashboard, { base: server.url, key: ACME });
    await expect(refused).rejects.toThrow("Failed to fetch");
    expect(await server.json(ACME, "/api/v1/payouts/")).toEqual([]);
  } finally {
    await watched.close();
    await server.stop();
  }
});
