import { describe, expect, it } from "vitest";
import type { PayoutTimeline } from "@/api/types";
import { bankMessages, heldPaise, summary, timelineEntries } from "./timeline-entries";

const at = (second: number) => `2026-11-22T12:00:${String(second).padStart(2, "0")}.000000Z`;

const payout: PayoutTimeline = {
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

describe("timelineEntries", () => {
  it("are in their order: hold, calls, and money moves after the call that let it", () => {
    expect(timelineEntries(payout).map(({ title, tone }) => [title, tone])).toEqual([
      ["₹60.00 held", "info"],
      ["Sent to the bank", "warn"],
      ["Asked the bank for the outcome, and to refuse it from now on if it never received it", "bad"],
      ["₹60.00 refunded", "good"],
    ]);
  });

  it("say why money came back, and which entry it was", () => {
    const last = timelineEntries(payout).at(-1);
    expect(last?.text).toBe("held → available · The bank never received it");
    expect(last?.entry).toBe(3);
  });

  it("tell a withdrawn payout from a failed one", () => {
    const cancelled = timelineEntries({ ...payout, status: "cancelled", reason: null, calls: [] });
    expect(cancelled.map(({ title }) => title)).toEqual(["₹60.00 held", "Cancelled: ₹60.00 refunded"]);
  });

  it("mark a call that is in progress", () => {
    const [call] = [
      { number: 1, step: "submit", started_at: at(1), ended_at: null, outcome: null, sent: null, received: null },
    ] as const;
    const all = timelineEntries({
      ...payout,
      status: "processing",
      calls: [call],
      movements: payout.movements.slice(0, 1),
    });
    expect(all.map(({ isInProgress }) => isInProgress)).toEqual([false, true]);
  });
});

describe("heldPaise", () => {
  it("is the amount while it is in progress and nothing afterwards", () => {
    expect(heldPaise({ ...payout, status: "pending" })).toBe(6_000);
    expect(heldPaise({ ...payout, status: "processing" })).toBe(6_000);
    for (const status of ["completed", "failed", "cancelled", "returned"] as const) {
      expect(heldPaise({ ...payout, status })).toBe(0);
    }
  });
});

describe("summary", () => {
  it("says in a sentence where a payout stands, in the zone of the person", () => {
    const at = "2026-10-09T15:25:19.000000Z";
    const of = (more: Partial<PayoutTimeline>) =>
      summary({ ...payout, reason: null, updated_at: at, created_at: at, ...more });
    expect(of({ status: "completed", utr: "UTR42" })).toBe("Paid on 9 Oct 2026, 20:55 · UTR UTR42");
    expect(of({ status: "failed", reason: "Account closed" })).toBe(
      "Not paid: refunded on 9 Oct 2026, 20:55 · Account closed",
    );
    expect(of({ status: "pending" })).toBe("Requested on 9 Oct 2026, 20:55 · the amount is held");
    expect(of({ status: "processing", in_doubt: { since: at, reason: "no answer" } })).toBe(
      "In doubt since 9 Oct 2026, 20:55 · the amount stays held",
    );
  });
});

describe("bankMessages", () => {
  it("are the calls of which something is known, with their result", () => {
    expect(bankMessages(payout).map(({ number, result, sent }) => [number, result, sent])).toEqual([
      [1, "No definite answer", "POST"],
      [2, "The bank never received it and refuses it from now on", "GET"],
    ]);
  });
});
