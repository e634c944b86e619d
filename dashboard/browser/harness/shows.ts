import type { Locator } from "playwright-core";
import { expect } from "vitest";

/** Waits until the place reads so. */
export async function shows(place: Locator, text: string): Promise<void> {
  await expect.poll(() => place.first().textContent()).toBe(text);
}

/** Clicks what may go away at any moment. (A click by the mouse waits for its target and fails without it.) */
export async function clickIfThere(place: Locator): Promise<void> {
  await place.evaluateAll(([element]) => (element as HTMLElement | undefined)?.click());
}
