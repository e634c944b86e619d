import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { nextQuery } from "@/lib/paging";
import { answer, client, whole } from "./client";
import type { EntryKind, LedgerEntry, Payout, Session, StatusFilter } from "./types";

/** Everything the merchant's pages read. What an event makes stale is found by the first word of the key. */
export const PAGE_SIZE = 50;
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

export const insightsQuery = (days: number) =>
  queryOptions({
    queryKey: ["insights", days],
    queryFn: ({ signal }) => answer(client.GET("/api/v1/insights", { params: { query: { days } }, signal })),
    placeholderData: keepPreviousData,
  });

type Cursor = Record<string, string> | null;

interface Page<Item> {
  items: Item[];
  next: Cursor;
}

const pageOf = <Item>({ data, response }: { data: unknown; response: Response }): Page<Item> => ({
  items: data as Item[],
  next: nextQuery(response.headers.get("link")),
});

export interface PayoutFilter {
  status?: StatusFilter | undefined;
  search?: string | undefined;
}

export const payoutsQuery = ({ status, search }: PayoutFilter, limit = PAGE_SIZE) =>
  infiniteQueryOptions({
    queryKey: ["payouts", { status: status ?? null, search: search ?? "", limit }],
    initialPageParam: null as Cursor,
    queryFn: async ({ pageParam, signal }) => {
      const first = { view: "full", limit, ...(status && { status }), ...(search && { search }) };
      const query = (pageParam ?? first) as { view: "full" };
      return pageOf<Payout>(await whole(client.GET("/api/v1/payouts", { params: { query }, signal })));
    },
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  });

export const payoutQuery = (id: string) =>
  queryOptions({
    queryKey: ["payout", id],
    queryFn: ({ signal }) => answer(client.GET("/api/v1/payouts/{id}", { params: { path: { id } }, signal })),
    // Each call to the bank changes the story, but only changes of status are events.
    refetchInterval: ({ state: { data } }) => (data?.next_step ? UNDER_WAY_POLL_MS : false),
  });

export const ledgerQuery = (kind: EntryKind | undefined) =>
  infiniteQueryOptions({
    queryKey: ["ledger", kind ?? null],
    initialPageParam: null as Cursor,
    queryFn: async ({ pageParam, signal }) => {
      const first = { view: "full", limit: PAGE_SIZE, ...(kind && { kind }) };
      const query = (pageParam ?? first) as { view: "full" };
      return pageOf<LedgerEntry>(await whole(client.GET("/api/v1/ledger", { params: { query }, signal })));
    },
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  });

export const ledgerExportUrl = (kind: EntryKind | undefined): string =>
  `/api/v1/ledger/export${kind ? `?kind=${kind}` : ""}`;
