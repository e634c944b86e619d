import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { Cursor, Page } from "@/lib/list";
import { nextQuery } from "@/lib/paging";
import type { Period } from "@/lib/period";
import { currentZone } from "@/lib/zone";
import { answer, client, whole } from "./client";
import type { EntryKind, LedgerEntry, Payout, SearchAnswer, Session, StatusFilter } from "./types";

/** Everything the merchant's pages read. What an event makes stale is found by the first word of the key. */
const PAGE_SIZE = 50;
/** Older pages are scrolled through, not watched: fewer requests for more rows. */
const OLDER_PAGE_SIZE = 200;
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

const pageOf = <Item>({ data, response }: { data: unknown; response: Response }): Page<Item> => ({
  items: data as Item[],
  next: nextQuery(response.headers.get("link")),
});

/** Only what is set counts. Days are those of the zone that the person chose. */
const asked = (filter: object, limit: number, zone: string) => ({
  view: "full" as const,
  limit,
  ...Object.fromEntries(Object.entries(filter).filter(([, value]) => value)),
  ...("from" in filter || "to" in filter ? { zone } : {}),
});

/** The server makes the query of a next page; only how many rows it has is ours. */
const older = (cursor: Record<string, string>) =>
  ({ ...cursor, limit: OLDER_PAGE_SIZE }) as unknown as { view: "full" };

export interface PayoutFilter extends Period {
  status?: StatusFilter | undefined;
  search?: string | undefined;
}

const readPayouts = async (query: object, signal: AbortSignal): Promise<Page<Payout>> =>
  pageOf(await whole(client.GET("/api/v1/payouts", { params: { query }, signal })));

export const payoutList = (filter: PayoutFilter, zone: string) => ({
  queryKey: ["payouts", filter, zone],
  fetchPage: (cursor: Cursor, signal: AbortSignal) =>
    readPayouts(cursor ? older(cursor) : asked(filter, PAGE_SIZE, zone), signal),
  keyOf: (payout: Payout) => payout.id,
});

/** The newest few. */
export const recentPayoutsQuery = (limit: number) =>
  queryOptions({
    queryKey: ["payouts", "recent", limit],
    queryFn: async ({ signal }) => (await readPayouts({ view: "full", limit }, signal)).items,
  });

const DAY_MS = 24 * 3_600_000;

/** What was asked for in the last 24 hours for an account, among the newest 200 that mention it. */
export const payoutsToQuery = (account: string) =>
  queryOptions({
    queryKey: ["payouts", "to", account],
    queryFn: async ({ signal }) => {
      const from = new Date(Date.now() - DAY_MS).toISOString();
      const { items } = await readPayouts({ view: "full", limit: 200, search: account, from }, signal);
      return items.filter((payout) => payout.bank_account_id === account);
    },
  });

export const searchPayouts = (q: string, signal: AbortSignal): Promise<SearchAnswer> =>
  answer(client.GET("/api/v1/search", { params: { query: { q } }, signal }));

export const payoutQuery = (id: string) =>
  queryOptions({
    queryKey: ["payout", id],
    queryFn: ({ signal }) => answer(client.GET("/api/v1/payouts/{id}", { params: { path: { id } }, signal })),
    // Each call to the bank changes the story, but only changes of status are events.
    refetchInterval: ({ state: { data } }) => (data?.next_step ? UNDER_WAY_POLL_MS : false),
  });

export interface LedgerFilter extends Period {
  kind?: EntryKind | undefined;
}

export const ledgerList = (filter: LedgerFilter, zone: string) => ({
  queryKey: ["ledger", filter, zone],
  fetchPage: async (cursor: Cursor, signal: AbortSignal): Promise<Page<LedgerEntry>> => {
    const query = cursor ? older(cursor) : asked(filter, PAGE_SIZE, zone);
    return pageOf(await whole(client.GET("/api/v1/ledger", { params: { query }, signal })));
  },
  keyOf: (entry: LedgerEntry) => entry.number,
});

export function ledgerExportUrl(filter: LedgerFilter): string {
  const set = Object.entries({ ...filter, zone: currentZone() }).filter((pair): pair is [string, string] =>
    Boolean(pair[1]),
  );
  return `/api/v1/ledger/export?${new URLSearchParams(set)}`;
}
