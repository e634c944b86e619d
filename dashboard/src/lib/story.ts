import type { Call, EntryKind, Movement, PayoutStory } from "@/api/types";
import type { Tone } from "@/ui/badge";
import { formatPaise } from "./money";
import { kinds, outcomeOf, steps } from "./payout";

/** One line of a payout's timeline. */
export interface Happening {
  id: string;
  at: string;
  tone: Tone;
  title: string;
  text: string | null;
  /** The letters that went to the bank and came back. */
  wire: { sent: string | null; received: string | null } | null;
  /** The entry's number in the ledger, where it is known. */
  entry: number | null;
  isUnderWay: boolean;
}

const movementTitles: Record<EntryKind, (amount: string) => string> = {
  fund: (amount) => `${amount} came in`,
  hold: (amount) => `${amount} held`,
  settle: (amount) => `${amount} settled`,
  refund: (amount) => `${amount} refunded`,
  return: (amount) => `${amount} returned`,
};

function ofMovement(movement: Movement, story: PayoutStory): Happening {
  const { kind, amount_paise, created_at, number } = movement;
  const isCancelled = kind === "refund" && story.status === "cancelled";
  const title = movementTitles[kind](formatPaise(amount_paise));
  const because = kind === "refund" || kind === "return" ? story.reason : null;
  return {
    id: `${kind}-${number ?? "first"}`,
    at: created_at,
    tone: kinds[kind].tone,
    title: isCancelled ? `Cancelled: ${title}` : title,
    text: [kinds[kind].way, because].filter(Boolean).join(" · "),
    wire: null,
    entry: number,
    isUnderWay: false,
  };
}

function ofCall(call: Call): Happening {
  const result = call.outcome ? outcomeOf(call.outcome) : null;
  return {
    id: `call-${call.number}`,
    at: call.started_at,
    tone: result?.tone ?? "info",
    title: steps[call.step].done,
    text: result?.name ?? "Waiting for the answer",
    wire: call.sent || call.received ? { sent: call.sent ?? null, received: call.received ?? null } : null,
    entry: null,
    isUnderWay: !result,
  };
}

/** Everything that happened to a payout, in its order. Of things at the same instant, money moves last but for the hold. */
export function happenings(story: PayoutStory): Happening[] {
  const rank = (kind: EntryKind) => (kind === "hold" ? 0 : 2);
  const all = [
    ...story.movements.map((movement) => ({ rank: rank(movement.kind), it: ofMovement(movement, story) })),
    ...story.calls.map((call) => ({ rank: 1, it: ofCall(call) })),
  ];
  // RFC 3339 in UTC with a fixed number of digits sorts as text.
  return all.sort((a, b) => a.it.at.localeCompare(b.it.at) || a.rank - b.rank).map(({ it }) => it);
}

/** What of the amount is reserved at the moment. */
export const reservedPaise = (story: Pick<PayoutStory, "status" | "amount_paise">): number =>
  story.status === "pending" || story.status === "processing" ? story.amount_paise : 0;
