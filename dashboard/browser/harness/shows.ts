import type { Locator, Page } from "playwright-core";
import { expect } from "vitest";

/** Waits until the place reads so. */
export async function shows(place: Locator, text: string): Promise<void> {
  await expect.poll(() => place.first().textContent()).toBe(text);
}

/** Clicks what may go away at any moment. (A click by the mouse waits for its target and fails without it.) */
export async function clickIfThere(place: Locator): Promise<void> {
  await place.evaluateAll(([element]) => (element as HTMLElement | undefined)?.click());
}

/** Waits until every page and dialog opens without the server. On a busy machine that is long after the page stands. */
export async function untilCodeIsAhead(page: Page): Promise<void> {
  await expect.poll(() => page.evaluate(() => performance.getEntriesByName("code-ahead").length)).toBeGreaterThan(0);
}
