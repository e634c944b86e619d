import { expect, test } from "vitest";
import type { MetBank } from "../queries";
import { changeOf } from "./change";

const met = (identity: string, count: number): MetBank => ({
  identity,
  worker: "worker-1",
  since: "2026-01-01T00:00:00Z",
  seen_at: "2026-01-01T00:00:05Z",
  under_way: { count, is_capped: false, amount_paise: 100 * count },
});
const shown = { rail: "bank", earlier: "b1", met: met("b2", 3) };
const bank = (identity: string, met: MetBank | null, rail = "bank") => ({ rail, identity, met, returns_read: 0 });

test("what an operator saw still holds while only the time goes on", () => {
  const later = { ...shown.met, seen_at: "2026-01-01T00:01:00Z" };
  expect(changeOf([bank("b1", later)], shown)).toBeNull();
});

test.each([bank("b1", met("b3", 3)), bank("b0", met("b2", 3)), bank("b1", met("b2", 4))])(
  "another bank, or another number under way, must be looked at anew",
  (now) => {
    expect(changeOf([now], shown)).toEqual({ rail: "bank", earlier: now.identity, met: now.met });
  },
);

test("what happens on another rail is no change of this one", () => {
  expect(changeOf([bank("b1", shown.met), bank("s1", met("s2", 9), "second")], shown)).toBeNull();
  expect(changeOf([bank("s1", met("s2", 9), "second")], shown)).toBeNull();
});

test("there is nothing to show once the workers go on", () => {
  expect(changeOf([bank("b2", null)], shown)).toBeNull();
});
