import { afterEach, describe, expect, it } from "vitest";
import {
  addDays,
  dateOf,
  formatAgo,
  formatDate,
  formatDateLong,
  formatFull,
  formatSpan,
  formatStep,
  formatUntil,
  sayAgo,
} from "./time";
import { INDIA, setZone } from "./zone";

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

describe("a calendar day", () => {
  it("stays that day wherever the person is", () => {
    expect(formatDate("2026-11-22")).toBe("22 Nov");
    expect(formatDateLong("2026-11-22")).toMatch(/^Sun,? 22 Nov 2026$/);
    expect([addDays("2026-02-28", 1), addDays("2026-01-01", -1)]).toEqual(["2026-03-01", "2025-12-31"]);
  });
});

describe("the time zone", () => {
  afterEach(() => setZone(INDIA));

  it("is India's, until another is chosen", () => {
    const late = new Date("2026-10-08T19:00:00Z");
    expect(formatFull(late)).toBe("9 Oct 2026, 00:30:00 IST");
    expect(dateOf(late)).toBe("2026-10-09");
    setZone("UTC");
    expect(formatFull(late)).toBe("8 Oct 2026, 19:00:00 UTC");
    expect(dateOf(late)).toBe("2026-10-08");
    setZone("Nowhere/At_All");
    expect(dateOf(late)).toBe("2026-10-08");
  });
});

describe("a step of a timeline", () => {
  it("has its date unless it is today's", () => {
    const today = new Date("2026-10-09T15:25:19Z");
    expect(formatStep(today, new Date("2026-10-09T18:00:00Z"))).toBe("20:55:19");
    // In India the next day has begun.
    expect(formatStep(today, new Date("2026-10-09T19:00:00Z"))).toBe("9 Oct 2026, 20:55:19");
  });
});

describe("sayAgo", () => {
  it.each([
    [0, "less than a minute ago"],
    [60_000, "a minute ago"],
    [HOUR - 1, "59 minutes ago"],
    [HOUR, "an hour ago"],
    [23 * HOUR, "23 hours ago"],
    [24 * HOUR, "a day ago"],
    [72 * HOUR, "3 days ago"],
  ])("%d ms: %s", (milliseconds, text) => expect(sayAgo(passed(milliseconds), now)).toBe(text));
});
