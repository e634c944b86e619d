import { describe, expect, it } from "vitest";
import { formatAgo, formatSpan, formatUntil, formatUtcDay, formatUtcDayLong } from "./time";

const now = new Date("2026-11-22T12:00:00Z");
const passed = (milliseconds: number) => new Date(now.getTime() - milliseconds);
const HOUR = 3_600_000;

describe("formatAgo", () => {
  it.each([
    [0, "just now"],
    [-3_000, "just now"],
    [4_999, "just now"],
    [5_000, "5 s ago"],
    [59_999, "59 s ago"],
    [60_000, "1 min ago"],
    [59 * 60_000, "59 min ago"],
    [HOUR, "1 h ago"],
    [23 * HOUR, "23 h ago"],
    [24 * HOUR, "1 d ago"],
    [6 * 24 * HOUR, "6 d ago"],
    [20 * 24 * HOUR, "2 Nov"],
    [400 * 24 * HOUR, "18 Oct 2025"],
  ])("%d ms: %s", (milliseconds, text) => expect(formatAgo(passed(milliseconds), now)).toBe(text));
});

describe("formatSpan and formatUntil", () => {
  it.each([
    [1, "1 s"],
    [28_000, "28 s"],
    [60_000, "1 min"],
    [65_000, "1 min 5 s"],
    [HOUR, "1 h"],
    [HOUR + 60_000, "1 h 1 min"],
    [26 * HOUR, "1 d 2 h"],
    [-5, "0 s"],
  ])("%d ms: %s", (span, text) => expect(formatSpan(span)).toBe(text));

  it("counts down to now and stays there", () => {
    expect(formatUntil(passed(-28_000), now)).toBe("in 28 s");
    expect(formatUntil(passed(0), now)).toBe("now");
    expect(formatUntil(passed(60_000), now)).toBe("now");
  });
});

describe("a day of the server's", () => {
  it("stays that day wherever the reader is", () => {
    expect(formatUtcDay("2026-11-22")).toBe("22 Nov");
    expect(formatUtcDayLong("2026-11-22")).toMatch(/^Sun,? 22 Nov 2026$/);
  });
});
