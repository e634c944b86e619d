import { describe, expect, it } from "vitest";
import { intend, judge, waitBefore } from "./intention";

const wish = { amountPaise: 6_000, account: "demo-success" };
const open = { ...wish, key: "first", startedAt: "2026-11-22T12:00:00Z" };
const fresh = { key: "second", at: "2026-11-22T12:05:00Z" };
const reply = (status: number, retryAfterSeconds: number | null = null) => ({ status, code: null, retryAfterSeconds });

describe("intend", () => {
  it("keeps the key while the payout is the same", () => {
    expect(intend(open, wish, fresh)).toBe(open);
  });

  it("takes a new key when there is none open, or another amount or account", () => {
    expect(intend(null, wish, fresh).key).toBe("second");
    expect(intend(open, { ...wish, amountPaise: 6_001 }, fresh).key).toBe("second");
    expect(intend(open, { ...wish, account: "demo-fail" }, fresh).key).toBe("second");
  });
});

describe("judge", () => {
  it.each([200, 201])("%d: accepted", (status) => expect(judge(reply(status))).toBe("accepted"));
  it.each([400, 404, 413, 415, 422])("%d: refused for good", (status) => expect(judge(reply(status))).toBe("refused"));
  it.each([408, 409, 429, 500, 502, 503, 504])("%d: unsure", (status) => expect(judge(reply(status))).toBe("unsure"));
  it("no answer: unsure", () => expect(judge(null)).toBe("unsure"));
  it.each([401, 403])("%d: signed out, which says nothing of earlier sendings", (status) => {
    expect(judge(reply(status))).toBe("signed-out");
  });
});

describe("waitBefore", () => {
  it("grows and then stays", () => {
    expect([2, 3, 4, 5, 6, 7, 50].map((next) => waitBefore(next, null))).toEqual([
      1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000,
    ]);
  });

  it("heeds Retry-After, within reason", () => {
    expect(waitBefore(2, reply(503, 5))).toBe(5_000);
    expect(waitBefore(6, reply(503, 5))).toBe(15_000);
    expect(waitBefore(2, reply(503, 86_400))).toBe(60_000);
  });
});
