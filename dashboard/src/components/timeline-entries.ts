import type { Call, EntryKind, Movement, PayoutTimeline } from "@/api/types";
import { formatPaise } from "@/lib/money";
import { formatDayAndMinute } from "@/lib/time";
import type { Tone } from "@/ui/badge";
import { isInProgress, kinds, outcomeOf, steps } from "./payout-words";

/** One line of a payout's timeline. */
export interface TimelineEntry {
  id: string;
  at: string;
  tone: Tone;
  title: string;
  text: string | null;
  /** The entry's number in the ledger, where it is known. */
  entry: number | null;
  isInProgress: boolean;
}

const movementTitles: Record<EntryKind, (amount: string) => string> = {
  fund: (amount) => `${amount} funded`,
  hold: (amount) => `${amount} held`,
  settle: (amount) => `${amount} settled`,
  refund: (amount) => `${amount} refunded`,
  return: (amount) => `${amount} returned`,
};

function ofMovement(movement: Movement, payout: PayoutTimeline): TimelineEntry {
  const { kind, amount_paise, created_at, number } = movement;
  const isCancelled = kind === "refund" && payout.status === "cancelled";
  const title = movementTitles[kind](formatPaise(amount_paise));
  const because = kind === "refund" || kind === "return" ? payout.reason : null;
  return {
    id: `${kind}-${number ?? "first"}`,
    at: created_at,
    tone: kinds[kind].tone,
    title: isCancelled ? `Cancelled: ${title}` : title,
    text: [kinds[kind].way, because].filter(Boolean).join(" · "),
    entry: number,
    isInProgress: false,
  };
}

function ofCall(call: Call): TimelineEntry {
  const result = call.outcome ? outcomeOf(call.outcome) : null;
  return {
    id: `call-${call.number}`,
    at: call.started_at,
    tone: result?.tone ?? "info",
    title: steps[call.step].done,
    text: result?.name ?? "Waiting for the answer",
    entry: null,
    isInProgress: !result,
  };
}

/** A call to the bank, as it was sent and answered. */
export interface BankMessage {
  number: number;
  at: string;
  title: string;
  result: string;
  sent: string | null;
  received: string | null;
}

export const bankMessages = (payout: Pick<PayoutTimeline, "calls">): BankMessage[] =>
  payout.calls
    .filter(({ sent, received }) => sent || received)
    .map((call) => ({
      number: call.number,
      at: call.started_at,
      title: steps[call.step].done,
      result: call.outcome ? outcomeOf(call.outcome).name : "Waiting for the answer",
      sent: call.sent ?? null,
      received: call.received ?? null,
    }));

/** Where a payout stands, as one sentence without its full stop. */
export function summary(payout: PayoutTimeline): string {
  const ended = formatDayAndMinute(new Date(payout.updated_at));
  const because = payout.reason ? ` · ${payout.reason}` : "";
  const utr = payout.utr ? ` · UTR ${payout.utr}` : "";
  if (payout.in_doubt)
    return `In doubt since ${formatDayAndMinute(new Date(payout.in_doubt.since))} · the amount stays held`;
  switch (payout.status) {
    case "completed":
      return `Paid on ${ended}${utr}`;
    case "returned":
      return `Returned on ${ended}${because}${utr}`;
    case "failed":
      return `Not paid: refunded on ${ended}${because}`;
    case "cancelled":
      return `Cancelled on ${ended} · the amount is available again`;
    case "processing":
      return `With the bank since ${formatDayAndMinute(new Date(payout.calls[0]?.started_at ?? payout.updated_at))} · the amount is held`;
    case "pending":
      return `Requested on ${formatDayAndMinute(new Date(payout.created_at))} · the amount is held`;
  }
}

/** Everything that happened to a payout, in its order. Of things at the same instant, money moves last but for the hold. */
export function timelineEntries(payout: PayoutTimeline): TimelineEntry[] {
  const rank = (kind: EntryKind) => (kind === "hold" ? 0 : 2);
  const all = [
    ...payout.movements.map((movement) => ({ rank: rank(movement.kind), it: ofMovement(movement, payout) })),
    ...payout.calls.map((call) => ({ rank: 1, it: ofCall(call) })),
  ];
  // RFC 3339 in UTC with a fixed number of digits sorts as text.
  return all.sort((a, b) => a.it.at.localeCompare(b.it.at) || a.rank - b.rank).map(({ it }) => it);
}

/** What of the amount is held at the moment. */
export const heldPaise = (payout: Pick<PayoutTimeline, "status" | "amount_paise">): number =>
  isInProgress(payout) ? payout.amount_paise : 0;
