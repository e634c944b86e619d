import { describe, expect, it } from "vitest";
import { appendPage, patchItems, showWaiting, startList, takeFirstPage } from "./list";

interface Row {
  id: number;
  word: string;
}

const row = (id: number, word = "old"): Row => ({ id, word });
const keyOf = ({ id }: Row) => id;
const cursor = { before: "x" };
const page = (ids: number[], next: typeof cursor | null = cursor, word = "old") => ({
  items: ids.map((id) => row(id, word)),
  next,
});
const ids = (rows: readonly Row[]) => rows.map(keyOf);

describe("a long list", () => {
  const long = appendPage(startList(page([9, 8, 7])), page([6, 5, 4], null), keyOf);

  it("grows at its end, and nothing is in it twice", () => {
    expect(ids(long.rows)).toEqual([9, 8, 7, 6, 5, 4]);
    expect(long.next).toBeNull();
    expect(ids(appendPage(long, page([4, 3], null), keyOf).rows)).toEqual([9, 8, 7, 6, 5, 4, 3]);
  });

  it("brings the first page up to date in its place; newer rows wait", () => {
    const next = takeFirstPage(long, page([11, 10, 9, 8, 7], cursor, "new"), keyOf);
    expect(ids(next.rows)).toEqual([9, 8, 7, 6, 5, 4]);
    expect(next.rows.map(({ word }) => word)).toEqual(["new", "new", "new", "old", "old", "old"]);
    expect(next.newCount).toBe(2);
    const shown = showWaiting(next, keyOf);
    expect(ids(shown.rows)).toEqual([11, 10, 9, 8, 7, 6, 5, 4]);
    expect(shown.newCount).toBe(0);
  });

  it("begins anew when so much is newer that there is a gap", () => {
    const next = takeFirstPage(long, page([33, 32, 31]), keyOf);
    expect([ids(next.rows), next.newCount]).toEqual([[9, 8, 7, 6, 5, 4], 3]);
    const shown = showWaiting(next, keyOf);
    expect([ids(shown.rows), shown.next]).toEqual([[33, 32, 31], cursor]);
  });

  it("loses what no longer belongs to it", () => {
    // 8 has left the filter: it lies between rows that are still there.
    expect(ids(takeFirstPage(long, page([9, 7]), keyOf).rows)).toEqual([9, 7, 6, 5, 4]);
    // The whole list is one page: what is not in it is gone.
    expect(ids(takeFirstPage(startList(page([9, 8], null)), page([9], null), keyOf).rows)).toEqual([9]);
    expect(ids(takeFirstPage(startList(page([9, 8], null)), page([], null), keyOf).rows)).toEqual([]);
  });

  it("shows at once what comes into an empty list", () => {
    const next = takeFirstPage(startList(page([], null)), page([1], null), keyOf);
    expect([ids(next.rows), next.newCount]).toEqual([[1], 0]);
  });

  it("changes single rows wherever they are, and itself only if it has them", () => {
    expect(patchItems(long, [row(5, "new")], keyOf).rows[4]).toEqual(row(5, "new"));
    expect(patchItems(long, [row(99)], keyOf)).toBe(long);
  });
});

describe("newer items", () => {
  const keyOf = ({ id }: { id: number }) => id;
  const page = (ids: number[], isEnd = false) => ({
    items: ids.map((id) => ({ id })),
    next: isEnd ? null : { before: "x" },
  });

  it("are counted as far as one page goes: beyond there are more", () => {
    const shown = startList(page([3, 2, 1]));
    expect(takeFirstPage(shown, page([4, 3, 2]), keyOf)).toMatchObject({ newCount: 1, isNewMore: false });
    expect(takeFirstPage(shown, page([9, 8, 7]), keyOf)).toMatchObject({ newCount: 3, isNewMore: true });
  });
});
