import { describe, expect, test } from "vitest";
import { pretty } from "./pretty-json";

describe("pretty", () => {
  test.each([
    '{"id":"x","list":[1,2,{"a":null}],"none":{},"empty":[],"is":true}',
    "[]",
    '{"a":{"b":[[]]}}',
    '"text"',
    '{"text":"a, b: {c} [d] \\" e"}',
  ])("spreads %s as JSON.stringify does", (text) => {
    expect(pretty(text)).toBe(JSON.stringify(JSON.parse(text), null, 2));
  });

  test("leaves every figure as it was written", () => {
    expect(pretty('{"amount_paise":9223372036854775807,"rate":1.50}')).toBe(
      '{\n  "amount_paise": 9223372036854775807,\n  "rate": 1.50\n}',
    );
  });

  test("leaves alone what is no JSON", () => {
    expect(pretty("<html>, no")).toBe("<html>, no");
  });
});
