import type { BalancePoint } from "@/api/types";
import type { Paise } from "@/lib/money";

/** The balance from each moment on, until the next. */
export type Course = readonly { at: Date; available: Paise; held: Paise }[];

/**
 * What to draw: without the emptiness before the book began, and up to now, where the balance still is
 * what it was after the last entry.
 */
export function courseOf(balance: readonly BalancePoint[], now: Date): Course {
  const points = balance.map(({ at, available_paise, held_paise }) => ({
    at: new Date(at),
    available: available_paise,
    held: held_paise,
  }));
  const begins = points.findIndex(({ available, held }) => available !== 0 || held !== 0);
  const drawn = begins > 0 ? points.slice(begins) : points;
  const last = drawn.at(-1);
  if (!last) return [];
  return now > last.at ? [...drawn, { ...last, at: now }] : drawn;
}

/** The point that holds at a moment: the last one not after it. */
export function indexAt(course: Course, at: Date): number {
  let [low, high] = [0, course.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((course[middle]?.at ?? at) <= at) low = middle;
    else high = middle - 1;
  }
  return low;
}
