import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { answer, client, whole } from "@/api/client";
import { type Filter, pagedList } from "@/api/paged-list";
import type { LedgerEntry, Payout, SearchAnswer, Session } from "@/api/types";
import { nextQuery } from "@/lib/paging";
import { currentZone } from "@/lib/zone";

/** Everything the merchant's pages read. What an event makes stale is found by the first word of the key. */
const UNDER_WAY_POLL_MS = 2_500;

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: ({ signal }): Promise<Session> => answer(client.GET("/api/v1/session", { signal })),
  staleTime: Number.POSITIVE_INFINITY,
});

/** Both balances in one answer, read off one ledger entry: they always belong together. */
export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: ({ signal }) => answer(client.GET("/api/v1/me", { signal })),
});

/** The days are those of a time zone. */
export const insightsQuery = (days: number, zone: string) =>
  queryOptions({
    queryKey: ["insights", days, zone],
    queryFn: ({ signal }) => answer(client.GET("/api/v1/insights", { params: { query: { days, zone } }, signal })),
    placeholderData: keepPreviousData,
  });

const readPayouts = (query: object, signal: AbortSignal) =>
  client.GET("/api/v1/payouts", { params: { query }, signal });

/** Every status and member, not only those that clients of the first version know. */
const FULL = { view: "full" };

export const payoutList = pagedList<Payout>(["payouts"], readPayouts, FULL);

const newestPayouts = async (query: object, signal: AbortSignal) =>
  (await answer(readPayouts({ ...FULL, ...query }, signal))) as Payout[];

/** The newest few. */
export const recentPayoutsQuery = (limit: number) =>
  queryOptions({
    queryKey: ["payouts", "recent", limit],
    queryFn: ({ signal }) => newestPayouts({ limit }, signal),
  });

const DAY_MS = 24 * 3_600_000;

const CHECK_PAGE = 200;
/** More pages than anybody has payouts in progress to one account. Beyond, the check fails and says so. */
const CHECK_PAGES = 50;

/** Every payout to an account that a query finds, page by page. */
async function payoutsTo(account: string, query: object, signal: AbortSignal): Promise<Payout[]> {
  const found: Payout[] = [];
  let next: object | null = { ...FULL, ...query, search: account, limit: CHECK_PAGE };
  for (let pages = 0; next; pages += 1) {
    if (pages === CHECK_PAGES) throw new Error(`More than ${CHECK_PAGES} pages of payouts to ${account}`);
    const { data, response } = await whole(readPayouts(next, signal));
    found.push(...(data as Payout[]).filter((payout) => payout.bank_account_id === account));
    next = nextQuery(response.headers.get("link"));
  }
  return found;
}

/** What may be paid twice by a new payout to this account: everything in progress, and the last 24 hours. */
export const payoutsToQuery = (account: string) =>
  queryOptions({
    queryKey: ["payouts", "to", account],
    queryFn: async ({ signal }) => {
      const from = new Date(Date.now() - DAY_MS).toISOString();
      const { held_balance_paise: held } = await answer(client.GET("/api/v1/me", { signal }));
      // Without a held amount nothing is in progress, and the history need not be searched for it.
      const inProgress = held === 0 ? [] : [{ status: "pending" }, { status: "processing" }];
      const found = await Promise.all([{ from }, ...inProgress].map((query) => payoutsTo(account, query, signal)));
      return found.flat().sort((a, b) => b.created_at.localeCompare(a.created_at));
    },
    // Somebody waits to pay: a failure shows at once.
    retry: false,
    staleTime: 0,
  });

export const searchPayouts = (q: string, signal: AbortSignal): Promise<SearchAnswer> =>
  answer(client.GET("/api/v1/search", { params: { query: { q } }, signal }));

export const payoutQuery = (id: string) =>
  queryOptions({
    queryKey: ["payout", id],
    queryFn: ({ signal }) => answer(client.GET("/api/v1/payouts/{id}", { params: { path: { id } }, signal })),
    // Each call to the bank changes the timeline, but only changes of status are events.
    refetchInterval: ({ state: { data } }) => (data?.next_step ? UNDER_WAY_POLL_MS : false),
  });

export const ledgerList = pagedList<LedgerEntry>(
  ["ledger"],
  (query, signal) => client.GET("/api/v1/ledger", { params: { query }, signal }),
  FULL,
);

export function ledgerExportUrl(filter: Filter): string {
  const set = Object.entries({ ...filter, zone: currentZone() }).filter((pair): pair is [string, string] =>
    Boolean(pair[1]),
  );
  return `/api/v1/ledger/export?${new URLSearchParams(set)}`;
}
