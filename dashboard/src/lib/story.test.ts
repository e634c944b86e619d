import { describe, expect, it } from "vitest";
import type { PayoutStory } from "@/api/types";
import { happenings, reservedPaise } from "./story";

const at = (second: number) => `2026-11-22T12:00:${String(second).padStart(2, "0")}.000000Z`;

const story: PayoutStory = {
  id: "0193",
  amount_paise: 6_000,
  bank_account_id: "demo-timeout-unpaid",
  status: "failed",
  attempts: 1,
  created_at: at(0),
  updated_at: at(31),
  reference: "PR0193",
  utr: null,
  reason: "The bank never received it",
  in_doubt: null,
  next_step: null,
  next_step_at: null,
  calls: [
    { number: 1, step: "submit", started_at: at(1), ended_at: at(6), outcome: "no_answer", sent: "POST", received: "" },
    { number: 2, step: "close", started_at: at(31), ended_at: at(31), outcome: "closed", sent: "GET", received: "{}" },
  ],
  movements: [
    { kind: "hold", number: null, amount_paise: 6_000, created_at: at(0) },
    { kind: "refund", number: 3, amount_paise: 6_000, created_at: at(31) },
  ],
};

describe("happenings", () => {
  it("are in their order: hold, calls, and money moves after the call that let it", () => {
    expect(happenings(story).map(({ title, tone }) => [title, tone])).toEqual([
      ["₹60.00 held", "info"],
      ["Sent to the bank", "warn"],
      ["Asked the bank, which is to refuse it for good if it never received it", "bad"],
      ["₹60.00 refunded", "good"],
    ]);
  });

  it("say why money came back, and which entry it was", () => {
    const last = happenings(story).at(-1);
    expect(last?.text).toBe("held → available · The bank never received it");
    expect(last?.entry).toBe(3);
  });

  it("tell a withdrawn payout from a failed one", () => {
    const cancelled = happenings({ ...story, status: "cancelled", reason: null, calls: [] });
    expect(cancelled.map(({ title }) => title)).toEqual(["₹60.00 held", "Cancelled: ₹60.00 refunded"]);
  });

  it("mark a call that is under way", () => {
    const [call] = [
      { number: 1, step: "submit", started_at: at(1), ended_at: null, outcome: null, sent: null, received: null },
    ] as const;
    const all = happenings({ ...story, status: "processing", calls: [call], movements: story.movements.slice(0, 1) });
    expect(all.map(({ isUnderWay }) => isUnderWay)).toEqual([false, true]);
    expect(all[1]?.wire).toBeNull();
  });
});

describe("reservedPaise", () => {
  it("is the amount while it is under way and nothing afterwards", () => {
    expect(reservedPaise({ ...story, status: "pending" })).toBe(6_000);
    expect(reservedPaise({ ...story, status: "processing" })).toBe(6_000);
    for (const status of ["completed", "failed", "cancelled", "returned"] as const) {
      expect(reservedPaise({ ...story, status })).toBe(0);
    }
  });
});
