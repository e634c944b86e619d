import { describe, expect, it } from "vitest";
import { formatPaise, formatShort, formatSigned, LARGEST_PAISE, parseRupees, percentOf, toTyped } from "./money";

describe("formatPaise", () => {
  it.each([
    [0, "₹0.00"],
    [1, "₹0.01"],
    [99, "₹0.99"],
    [100, "₹1.00"],
    [99_999, "₹999.99"],
    [100_000, "₹1,000.00"],
    [9_999_999, "₹99,999.99"],
    [10_000_000, "₹1,00,000.00"],
    [100_000_000, "₹10,00,000.00"],
    [1_000_000_000, "₹1,00,00,000.00"],
    [123_456_789_012_345, "₹12,34,56,78,90,123.45"],
    [-6_000, "−₹60.00"],
    [-1, "−₹0.01"],
  ])("%d paise are %s", (paise, text) => expect(formatPaise(paise)).toBe(text));

  it("is exact where a float is not", () => {
    expect(formatPaise(LARGEST_PAISE)).toBe("₹9,00,71,99,25,47,409.91");
    expect(formatPaise(9_007_199_254_740_993n)).toBe("₹9,00,71,99,25,47,409.93");
  });

  it("shows no wrong figure for a number that JSON has rounded", () => {
    expect(formatPaise(2 ** 60)).toBe("more than ₹9,00,71,99,25,47,409.91");
    expect(formatPaise(-(2 ** 60))).toBe("less than −₹9,00,71,99,25,47,409.91");
  });

  it("signs movements", () => {
    expect(formatSigned(6_000)).toBe("+₹60.00");
    expect(formatSigned(-6_000)).toBe("−₹60.00");
    expect(formatSigned(0)).toBe("₹0.00");
  });
});

describe("formatShort", () => {
  it.each([
    [0, "₹0"],
    [99_900, "₹999"],
    [100_000, "₹1K"],
    [1_290_000, "₹12.9K"],
    [10_000_000, "₹1L"],
    [15_900_000, "₹1.5L"],
    [1_000_000_000, "₹1Cr"],
    [-15_000_000, "−₹1.5L"],
    [100_000_000_000_000, "₹1,00,000Cr"],
  ])("%d paise are %s", (paise, text) => expect(formatShort(paise)).toBe(text));
});

describe("parseRupees takes", () => {
  it.each([
    ["60", 6_000],
    ["60.5", 6_050],
    ["60.50", 6_050],
    ["60.", 6_000],
    [".5", 50],
    ["0.01", 1],
    ["  60 ", 6_000],
    ["₹ 60", 6_000],
    ["₹60.05", 6_005],
    ["Rs. 60", 6_000],
    ["rs 60", 6_000],
    ["INR 1,000", 100_000],
    ["60 INR", 6_000],
    ["60 rupees", 6_000],
    ["60/-", 6_000],
    ["1,000", 100_000],
    ["99,999", 9_999_900],
    ["1,00,000.50", 10_000_050],
    ["12,34,56,789", 12_345_678_900],
    ["100,000", 10_000_000],
    ["1,234,567.89", 123_456_789],
    ["007", 700],
    ["१,००,०००.५०", 10_000_050],
    ["６０．５", 6_050],
    ["\u00a060\u00a0", 6_000],
    ["90071992547409.91", LARGEST_PAISE],
  ])("%j", (typed, paise) => expect(parseRupees(typed)).toEqual({ isValid: true, paise }));

  it("exactly what a float would lose", () => {
    expect(parseRupees("1.15")).toEqual({ isValid: true, paise: 115 });
    expect(parseRupees("0.29")).toEqual({ isValid: true, paise: 29 });
    expect(parseRupees("70368744177664.33")).toEqual({ isValid: true, paise: 7_036_874_417_766_433 });
  });

  it("everything that formatPaise prints", () => {
    for (let paise = 1; paise < LARGEST_PAISE; paise = paise * 3 + 7) {
      expect(parseRupees(formatPaise(paise))).toEqual({ isValid: true, paise });
      expect(parseRupees(toTyped(paise))).toEqual({ isValid: true, paise });
    }
  });
});

describe("parseRupees refuses, in words", () => {
  it.each([
    ["", /enter an amount/i],
    ["   ", /enter an amount/i],
    ["₹", /enter an amount/i],
    [".", /in digits/],
    ["abc", /in digits/],
    ["1e3", /in digits/],
    ["0x10", /in digits/],
    ["5k", /in digits/],
    ["1 lakh", /in digits/],
    ["$60", /in digits/],
    ["NaN", /in digits/],
    ["Infinity", /in digits/],
    ["60/-/-", /in digits/],
    ["0", /smallest/],
    ["0.00", /smallest/],
    ["-5", /more than zero/],
    ["−5", /more than zero/],
    ["+5", /plus/],
    ["1.234", /two digits after the point/],
    ["1.000", /two digits after the point/],
    ["1.2.3", /one point only/],
    ["1.000,50", /one point before the paise/],
    ["1,50", /not clear/],
    ["10,00", /not clear/],
    ["1,0000", /not clear/],
    ["1,00,00", /not clear/],
    ["1,00,0000", /not clear/],
    ["100,00,000", /not clear/],
    ["1,,000", /not clear/],
    [",100", /not clear/],
    ["0,100", /not clear/],
    ["1 000", /spaces/],
    ["1\u00a0000", /spaces/],
    ["٦٠", /0 to 9/],
    ["৬০", /0 to 9/],
    ["90071992547409.92", /largest/],
    ["99999999999999999999999999", /largest/],
  ])("%j", (typed, words) => {
    const parsed = parseRupees(typed);
    expect(parsed.isValid).toBe(false);
    expect(!parsed.isValid && parsed.error).toMatch(words);
  });
});

describe("percentOf", () => {
  it("rounds down, so that two times sixty per cent are always more than all", () => {
    expect(percentOf(10_000, 60)).toBe(6_000);
    expect(percentOf(10_001, 60)).toBe(6_000);
    expect(percentOf(1, 60)).toBe(0);
    expect(percentOf(LARGEST_PAISE, 60)).toBe(5_404_319_552_844_594);
  });
});
