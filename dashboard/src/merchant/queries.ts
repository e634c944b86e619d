import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { answer, client } from "@/api/client";
import { type Filter, pagedList } from "@/api/paged-list";
import type { LedgerEntry, Payout, SearchAnswer, Session } from "@/api/types";
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

/** What was asked for in the last 24 hours for an account, among the newest 200 that mention it. */
export const payoutsToQuery = (account: string) =>
  queryOptions({
    queryKey: ["payouts", "to", account],
    queryFn: async ({ signal }) => {
      const from = new Date(Date.now() - DAY_MS).toISOString();
      const payouts = await newestPayouts({ limit: 200, search: account, from }, signal);
      return payouts.filter((payout) => payout.bank_account_id === account);
    },
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
