import { describe, expect, test } from "vitest";
import { alarms } from "./alarms";
import type { Overview } from "./queries";

const AT = "2026-01-01T12:00:00.000000Z";
const ago = (seconds: number) => new Date(new Date(AT).getTime() - seconds * 1_000).toISOString();

type Figures = Pick<Overview, "at" | "due" | "due_far_ahead" | "workers" | "banks" | "exceptions">;
type Answer = Overview["workers"]["recent_answers"][number];

const answers = (...words: Answer["answer"][]): Answer[] =>
  words.map((answer) => ({
    at: AT,
    step: "submit",
    answer,
    milliseconds: 5,
    merchant_id: "00000000-0000-0000-0000-000000000001",
    payout_id: "00000000-0000-0000-0000-000000000002",
  }));

const figures = (due: number, waits: number, workers: Partial<Overview["workers"]>): Figures => ({
  at: AT,
  due: { count: due, is_capped: false, oldest_due_at: due > 0 ? ago(waits) : null },
  due_far_ahead: { count: 0, is_capped: false, first_due_at: null },
  workers: { running: 1, last_seen_at: AT, list: [], recent_answers: [], ...workers },
  banks: [{ rail: "bank", identity: "b1", met: null, returns_read: 0 }],
  exceptions: { count: 0, is_capped: false, oldest_since: null },
});

describe("alarms", () => {
  test("all is well", () => {
    expect(alarms(figures(0, 0, {}))).toEqual([]);
    expect(alarms(figures(6, 44, { recent_answers: answers("paid", "no_answer", "refused") }))).toEqual([]);
  });

  test("a wrong clock: how many wait for it, and what to do", () => {
    const well = figures(0, 0, {});
    const [alarm, ...others] = alarms({ ...well, due_far_ahead: { ...well.due_far_ahead, count: 2 } });
    expect(others).toEqual([]);
    expect(alarm).toMatchObject({ id: "due-far-ahead", title: "2 payouts are due far in the future" });
    expect(alarm?.what).toContain("payrail bring-forward");
  });

  test("no worker: how many wait, since when nobody works, and what to do", () => {
    const [alarm, ...others] = alarms(figures(6, 50, { running: 0, last_seen_at: ago(50) }));
    expect(others).toEqual([]);
    expect(alarm).toMatchObject({
      id: "no-worker",
      title: "6 payouts are due and no worker is running",
      why: "A worker was last seen 50 s ago.",
    });
    expect(alarm?.what).toContain("payrail serve --role worker");
    expect(alarms(figures(1, 1, { running: 0, last_seen_at: null }))[0]).toMatchObject({
      title: "1 payout is due and no worker is running",
      why: "No worker was seen in the last 24 hours.",
    });
    expect(alarms(figures(0, 0, { running: 0 }))[0]?.title).toBe("No worker is running");
  });

  test("workers run and payouts wait all the same", () => {
    expect(alarms(figures(3, 46, {}))).toMatchObject([
      { id: "workers-behind", why: "The oldest has waited for 46 s, with 1 worker running." },
    ]);
  });

  test("another bank: what waits for it, and that the workers are not to blame", () => {
    const under_way = { count: 1, is_capped: false, amount_paise: 5 };
    const met = { identity: "b2", worker: "worker-1", since: ago(90), seen_at: AT, under_way };
    const bank = { rail: "bank", identity: "b1", met, returns_read: 0 };
    const found = alarms({ ...figures(2, 60, {}), banks: [bank] });
    expect(found.map(({ id }) => id)).toEqual(["another-bank"]);
    expect(found[0]?.why).toContain(
      "worker-1 has seen it for 1 min 30 s, and sends nothing to it. 2 payouts are due and wait.",
    );
    const second = { ...bank, rail: "second" };
    expect(alarms({ ...figures(2, 60, {}), banks: [{ ...bank, met: null }, second] })[0]?.why).toContain(
      "worker-1 has seen it for 1 min 30 s, and sends nothing to it (rail second). 2 payouts are due and wait.",
    );
  });

  test("open exceptions: how many, and since when", () => {
    const open = (count: number, is_capped = false) =>
      alarms({ ...figures(0, 0, {}), exceptions: { count, is_capped, oldest_since: ago(50) } });
    expect(open(1)).toMatchObject([{ id: "exceptions", title: "1 exception is open" }]);
    expect(open(1)[0]?.why).toContain("The oldest has been open for 50 s.");
    expect(open(1_200)[0]?.title).toBe("1,200 exceptions are open");
    expect(open(10_000, true)[0]?.title).toBe("10,000 or more exceptions are open");
  });

  test("a bank that answers nothing is said to, one answer of five ends it", () => {
    const silent: Answer["answer"][] = ["no_answer", "unreachable", "no_answer", "no_answer", "unreachable"];
    expect(alarms(figures(0, 0, { recent_answers: answers(...silent, "paid") }))).toMatchObject([
      { id: "bank-silent" },
    ]);
    expect(alarms(figures(0, 0, { recent_answers: answers("paid", ...silent) }))).toEqual([]);
    expect(alarms(figures(0, 0, { recent_answers: answers("no_answer") }))).toEqual([]);
  });
});
