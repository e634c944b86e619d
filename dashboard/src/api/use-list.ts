import { type QueryKey, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import {
  appendPage,
  type Cursor,
  type ListState,
  type Page,
  patchItems,
  showWaiting,
  startList,
  takeFirstPage,
} from "@/lib/list";

interface ListOptions<Item> {
  /** Its first word says what an event makes stale, as with every query. */
  queryKey: QueryKey;
  /** Null: the first page. */
  fetchPage: (cursor: Cursor, signal: AbortSignal) => Promise<Page<Item>>;
  keyOf: (item: Item) => string | number;
  isEnabled?: boolean;
}

export interface List<Item> {
  rows: readonly Item[] | undefined;
  /** Of the first page, if nothing could be read at all. */
  error: Error | null;
  refetch: () => void;
  hasMore: boolean;
  isLoadingMore: boolean;
  moreError: Error | null;
  loadMore: () => void;
  /** How many items are newer than what is shown. */
  newCount: number;
  /** At least so many: the newest page has no item that is shown. */
  isNewMore: boolean;
  showNew: () => void;
  /** Shown of another filter, until this one's answer is there. */
  isStale: boolean;
  /** Brings shown items up to date. */
  patch: (items: readonly Item[]) => void;
}

/**
 * A long list: only the first page is read again when something happens; older pages are read once, as they are
 * scrolled to. What was read stays known for a while, so that "back" leads to the same place.
 */
export function useList<Item>({ queryKey, fetchPage, keyOf, isEnabled = true }: ListOptions<Item>): List<Item> {
  const client = useQueryClient();
  const name = JSON.stringify(queryKey);
  const keptKey = [...queryKey, "rows"];
  const first = useQuery({
    queryKey: [...queryKey, "first"],
    queryFn: ({ signal }) => fetchPage(null, signal),
    enabled: isEnabled,
    // The list itself knows what is old and what is new.
    structuralSharing: false,
  });
  const [shown, setShown] = useState<{ name: string; state: ListState<Item> } | null>(() => {
    const state = client.getQueryData<ListState<Item>>(keptKey);
    return state ? { name, state } : null;
  });
  const [more, setMore] = useState<{ isLoading: boolean; error: Error | null }>({ isLoading: false, error: null });
  const loading = useRef<AbortController | null>(null);
  const at = useRef({ shown, name, fetchPage, keyOf });
  useLayoutEffect(() => {
    at.current = { shown, name, fetchPage, keyOf };
  });

  const change = useCallback((next: (state: ListState<Item>) => ListState<Item>) => {
    setShown((now) => (now?.name === at.current.name ? { ...now, state: next(now.state) } : now));
  }, []);

  // Another filter: what is on its way for the old one is of no use.
  // biome-ignore lint/correctness/useExhaustiveDependencies: for each filter.
  useEffect(() => {
    setMore({ isLoading: false, error: null });
    return () => loading.current?.abort();
  }, [name]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `keyOf` and the kept key belong to the name.
  useEffect(() => {
    const page = first.data;
    if (!page) return;
    setShown((now) => {
      if (now?.name === name) return { name, state: takeFirstPage(now.state, page, keyOf) };
      const kept = client.getQueryData<ListState<Item>>(keptKey);
      return { name, state: kept ? takeFirstPage(kept, page, keyOf) : startList(page) };
    });
  }, [first.data, name]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the kept key belongs to the name.
  useEffect(() => {
    if (shown?.name === name) client.setQueryData(keptKey, shown.state);
  }, [shown, name, client]);

  const loadMore = useCallback(async () => {
    const { shown: now, name: asked, fetchPage: fetchOlder } = at.current;
    const next = now?.name === asked ? now.state.next : null;
    if (!next || (loading.current && !loading.current.signal.aborted)) return;
    const mine = new AbortController();
    loading.current = mine;
    setMore({ isLoading: true, error: null });
    try {
      const page = await fetchOlder(next, mine.signal);
      if (mine.signal.aborted) return;
      change((state) => (state.next === next ? appendPage(state, page, at.current.keyOf) : state));
      setMore({ isLoading: false, error: null });
    } catch (error) {
      if (!mine.signal.aborted) setMore({ isLoading: false, error: error as Error });
    } finally {
      if (loading.current === mine) loading.current = null;
    }
  }, [change]);

  const isOwn = shown?.name === name;
  return {
    rows: shown?.state.rows,
    error: first.error,
    refetch: () => void first.refetch(),
    hasMore: isOwn && shown.state.next !== null,
    isLoadingMore: more.isLoading,
    moreError: more.error,
    loadMore: () => void loadMore(),
    newCount: isOwn ? shown.state.newCount : 0,
    isNewMore: isOwn && shown.state.isNewMore,
    showNew: () => change((state) => showWaiting(state, keyOf)),
    isStale: shown !== null && !isOwn,
    patch: useCallback((items) => change((state) => patchItems(state, items, at.current.keyOf)), [change]),
  };
}
