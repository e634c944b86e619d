import { expect, test } from "vitest";
import { isFarAhead } from "./far-ahead";

test("only what is later than any wait that settings allow is far ahead", () => {
  const now = new Date("2026-01-01T12:00:00.000Z").getTime();
  expect(isFarAhead("2026-01-01T13:00:00.000000Z", now)).toBe(false);
  expect(isFarAhead("2026-01-01T13:00:00.001000Z", now)).toBe(true);
});
