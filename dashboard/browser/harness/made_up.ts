import type { Page } from "playwright-core";

// States that a running program comes to only after minutes, or with a bank that breaks its contract. The tests of these
// states use real programs; a look at their pages needs only the answer.

/** From now on the server's answer at this address is changed in this way. */
export async function withAnswer<Answer>(
  page: Page,
  address: string,
  change: (answer: Answer) => unknown,
): Promise<void> {
  await page.route(address, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: change((await response.json()) as Answer) });
  });
}

const ago = (seconds: number) => new Date(Date.now() - seconds * 1_000).toISOString();

/** A list with one exception: the bank says that it returned another amount. */
export const exceptionRow = (merchant: string, payout: string, name: string) => [
  {
    id: "0190f4c2-7b1e-7c3a-9d5e-2f6a8b4c1d3e",
    kind: "return_other_amount",
    detail: "the bank returned 1 paise of a payout of 100000 paise",
    merchant: { id: merchant, name },
    payout_id: payout,
    other_payout_id: null,
    reference: null,
    return_number: 7,
    stated_paise: 1,
    expected_paise: 100_000,
    stated_utr: "UTR20261122000417",
    expected_utr: "UTR20261122000417",
    created_at: ago(3_900),
    resolution: null,
  },
];

/** Workers see a different bank, while three payouts are in progress with the previous one. */
export const metBank = () => ({
  rail: "bank",
  returns_read: 0,
  identity: "bank-2f6a8b4c1d3e",
  met: {
    identity: "bank-9d5e7c3a7b1e",
    worker: "worker-1",
    since: ago(95),
    seen_at: ago(2),
    under_way: { count: 3, is_capped: false, amount_paise: 48_345_00 },
  },
});
