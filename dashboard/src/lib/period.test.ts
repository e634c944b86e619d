import { describe, expect, it } from "vitest";
import { asDate, periodError, presetOf, presets } from "./period";

describe("presets", () => {
  it("are days, counted from today", () => {
    const of = (name: keyof typeof presets, today = "2026-03-01") => presets[name].period(today);
    expect(of("today")).toEqual({ from: "2026-03-01", to: "2026-03-01" });
    expect(of("yesterday")).toEqual({ from: "2026-02-28", to: "2026-02-28" });
    expect(of("week")).toEqual({ from: "2026-02-23", to: "2026-03-01" });
    expect(of("month", "2026-03-17")).toEqual({ from: "2026-03-01", to: "2026-03-17" });
    expect(of("lastMonth", "2026-01-17")).toEqual({ from: "2025-12-01", to: "2025-12-31" });
  });

  it("are recognised where the person is: in India the day begins at 18:30 UTC", () => {
    const today = { from: "2026-10-09", to: "2026-10-09" };
    expect(presetOf(today, new Date("2026-10-08T18:30:00Z"))).toBe("today");
    expect(presetOf(today, new Date("2026-10-08T18:29:59Z"))).toBeNull();
    expect(presetOf({}, new Date())).toBe("all");
  });
});

describe("a period", () => {
  it("does not end before it begins", () => {
    expect(periodError({ from: "2026-10-10", to: "2026-10-09" })).toBe(
      "The end date is before the start date. Swap them.",
    );
    for (const fine of [{}, { from: "2026-10-10" }, { from: "2026-10-09", to: "2026-10-09" }]) {
      expect(periodError(fine)).toBeNull();
    }
  });

  it("comes out of an address only as dates", () => {
    expect(asDate("2026-10-09")).toBe("2026-10-09");
    for (const bad of ["2026-13-09", "9.10.2026", "2026-10-09T00:00", 20261009, null, "0000-01-01"]) {
      expect(asDate(bad)).toBeUndefined();
    }
  });
});
