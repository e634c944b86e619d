import { describe, expect, it } from "vitest";
import { ApiError, ConnectionLost } from "@/api/errors";
import { refusalOf } from "./refusal";

const refused = (status: number, body: object) => new ApiError(new Response(null, { status }), body);

describe("a refusal is explained next to its field", () => {
  it("too little balance, with what is missing", () => {
    const body = { code: "insufficient_balance", detail: "…", available_balance_paise: 4_000 };
    const { amount, account, other } = refusalOf(refused(400, body), 6_000);
    expect(amount[0]).toContain("it was ₹40.00, which is ₹20.00 less");
    expect([...account, ...other]).toEqual([]);
  });

  it("the server's own sentences, all of them", () => {
    const body = { code: "invalid", detail: "…", amount_paise: ["Too small."], bank_account_id: ["Blank.", "Odd."] };
    expect(refusalOf(refused(400, body), 1)).toEqual({
      amount: ["Too small."],
      account: ["Blank.", "Odd."],
      other: [],
    });
  });

  it("what is about no field, in the server's words", () => {
    const detail = "This holds no more.";
    expect(refusalOf(refused(400, { code: "balance_too_large", detail }), 1).other).toEqual([detail]);
    expect(refusalOf(new ConnectionLost(null), 1).other[0]).toMatch(/cannot be reached/);
  });
});
