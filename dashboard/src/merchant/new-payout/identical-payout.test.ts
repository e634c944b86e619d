import { describe, expect, it } from "vitest";
import type { Payout } from "@/api/types";
import { identicalPayout, identicalWarning } from "./identical-payout";

const now = new Date("2026-10-09T15:30:00Z");
const earlier = (seconds: number) => new Date(now.getTime() - seconds * 1000).toISOString();

const payout = (status: Payout["status"], more: Partial<Payout> = {}): Payout => ({
  id: "0193",
  amount_paise: 777,
  bank_account_id: "demo-success",
  status,
  attempts: 1,
  created_at: earlier(70),
  updated_at: earlier(65),
  reference: "PR0193",
  utr: null,
  reason: null,
  in_doubt: null,
  next_step: null,
  next_step_at: null,
  ...more,
});

const wanted = { amountPaise: 777, account: "demo-success" };

describe("an identical payout", () => {
  it("is the same amount to the same account, paid or in progress", () => {
    for (const status of ["pending", "processing", "completed", "returned"] as const) {
      expect(identicalPayout([payout(status)], wanted)?.status).toBe(status);
    }
    const others = [
      payout("failed"),
      payout("cancelled"),
      payout("completed", { amount_paise: 778 }),
      payout("completed", { bank_account_id: "demo-success-2" }),
    ];
    expect(identicalPayout(others, wanted)).toBeNull();
  });

  it("is named with when it was", () => {
    expect(identicalWarning(payout("completed"), now)).toBe("₹7.77 was paid to this account a minute ago.");
    expect(identicalWarning(payout("processing", { created_at: earlier(2 * 3_600) }), now)).toBe(
      "A payout of ₹7.77 to this account is already in progress, requested 2 hours ago.",
    );
  });
});
