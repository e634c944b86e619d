/** Where a list goes on: the query of its next page, or null at its end. */
export type Cursor = Record<string, string> | null;

export interface Page<Item> {
  items: readonly Item[];
  next: Cursor;
}

/**
 * A list, newest first, of which only the first page is read again. What is shown stays where it is: items that are
 * newer wait until they are asked for.
 */
export interface ListState<Item> {
  /** What is shown. */
  rows: readonly Item[];
  /** Where it goes on. */
  next: Cursor;
  /** The newest first page, if it has items that are not shown. */
  waiting: Page<Item> | null;
  newCount: number;
  /** There are more new items than the first page has. */
  isNewMore: boolean;
}

type Key<Item> = (item: Item) => string | number;

export const startList = <Item>(page: Page<Item>): ListState<Item> => ({
  rows: page.items,
  next: page.next,
  waiting: null,
  newCount: 0,
  isNewMore: false,
});

/** The first page was read again: what is shown is brought up to date in its place. */
export function takeFirstPage<Item>(state: ListState<Item>, page: Page<Item>, keyOf: Key<Item>): ListState<Item> {
  if (state.rows.length === 0) return startList(page);
  const fresh = new Map(page.items.map((item) => [keyOf(item), item]));
  const known = new Set(state.rows.map(keyOf));
  const newCount = page.items.filter((item) => !known.has(keyOf(item))).length;
  const last = page.items.at(-1);
  // What lies between the shown items that the page has, and is not in it, no longer belongs to the list.
  const end = page.next === null ? state.rows.length : lastIndexIn(state.rows, fresh, keyOf) + 1;
  const rows = state.rows
    .filter((item, index) => index >= end || fresh.has(keyOf(item)))
    .map((item) => fresh.get(keyOf(item)) ?? item);
  if (rows.length === 0 || last === undefined) return startList(page);
  const isNewMore = newCount === page.items.length && page.next !== null;
  return { rows, next: state.next, waiting: newCount > 0 ? page : null, newCount, isNewMore };
}

function lastIndexIn<Item>(rows: readonly Item[], fresh: Map<string | number, Item>, keyOf: Key<Item>): number {
  for (let index = Math.min(rows.length, fresh.size * 2) - 1; index >= 0; index -= 1) {
    if (fresh.has(keyOf(rows[index] as Item))) return index;
  }
  return -1;
}

/** Shows what waits. If there is a gap between it and what is shown, the list begins anew. */
export function showWaiting<Item>(state: ListState<Item>, keyOf: Key<Item>): ListState<Item> {
  const { waiting } = state;
  if (!waiting) return state;
  const known = new Set(state.rows.map(keyOf));
  const isJoined = waiting.items.some((item) => known.has(keyOf(item)));
  if (!isJoined) return startList(waiting);
  const added = waiting.items.filter((item) => !known.has(keyOf(item)));
  return { rows: [...added, ...state.rows], next: state.next, waiting: null, newCount: 0, isNewMore: false };
}

export function appendPage<Item>(state: ListState<Item>, page: Page<Item>, keyOf: Key<Item>): ListState<Item> {
  const known = new Set(state.rows.slice(-page.items.length).map(keyOf));
  const added = page.items.filter((item) => !known.has(keyOf(item)));
  return { ...state, rows: [...state.rows, ...added], next: page.next };
}

/** Brings single items up to date, wherever they are in the list. */
export function patchItems<Item>(state: ListState<Item>, items: readonly Item[], keyOf: Key<Item>): ListState<Item> {
  const fresh = new Map(items.map((item) => [keyOf(item), item]));
  if (!state.rows.some((item) => fresh.has(keyOf(item)))) return state;
  return { ...state, rows: state.rows.map((item) => fresh.get(keyOf(item)) ?? item) };
}
