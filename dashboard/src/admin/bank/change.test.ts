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
const shown = { earlier: "b1", met: met("b2", 3) };

test("what an operator saw still holds while only the time goes on", () => {
  const later = { ...shown.met, seen_at: "2026-01-01T00:01:00Z" };
  expect(changeOf({ identity: "b1", met: later }, shown)).toBeNull();
});

test.each([
  { identity: "b1", met: met("b3", 3) },
  { identity: "b0", met: met("b2", 3) },
  { identity: "b1", met: met("b2", 4) },
])("another bank, or another number under way, must be looked at anew", (now) => {
  expect(changeOf(now, shown)).toEqual({ earlier: now.identity, met: now.met });
});

test("there is nothing to show once the workers go on", () => {
  expect(changeOf({ identity: "b2", met: null }, shown)).toBeNull();
});
