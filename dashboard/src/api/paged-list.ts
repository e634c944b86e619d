import type { Cursor, Page } from "@/lib/list";
import { nextQuery } from "@/lib/paging";
import { type Result, whole } from "./client";

const PAGE_SIZE = 50;
/** Older pages are scrolled through, not watched: fewer requests for more rows. */
const OLDER_PAGE_SIZE = 200;

/** What a list is filtered by, as it stands in the page's address. Only what is set counts. */
export type Filter = Record<string, string | undefined>;

/** Where the rows of a list come from, page by page. */
export interface PagedList<Item> {
  /** Its first word says what an event makes stale. */
  queryKey: readonly unknown[];
  /** Null: the first page. */
  fetchPage: (cursor: Cursor, signal: AbortSignal) => Promise<Page<Item>>;
}

export type ListSource<Item> = (filter: Filter, zone: string) => PagedList<Item>;

const given = (filter: Filter): Record<string, string> =>
  Object.fromEntries(Object.entries(filter).filter((pair): pair is [string, string] => Boolean(pair[1])));

/**
 * A list of the API. The `Link` header of an answer has the query of the next page. Days are those of the zone that
 * the person chose. `fixed` goes into the query of every first page.
 */
export const pagedList =
  <Item>(
    name: readonly string[],
    read: (query: Record<string, string>, signal: AbortSignal) => Promise<Result<unknown>>,
    fixed: Record<string, string> = {},
  ): ListSource<Item> =>
  (filter, zone) => ({
    queryKey: [...name, filter, zone],
    fetchPage: async (cursor, signal) => {
      const days: Record<string, string> = filter.from || filter.to ? { zone } : {};
      const query = cursor
        ? { ...cursor, limit: String(OLDER_PAGE_SIZE) }
        : { ...fixed, limit: String(PAGE_SIZE), ...given(filter), ...days };
      const { data, response } = await whole(read(query, signal));
      return { items: data as Item[], next: nextQuery(response.headers.get("link")) };
    },
  });
