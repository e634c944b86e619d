import type { AttemptOutcome, EntryKind, Matched, Payout, Status, StatusFilter, Step } from "@/api/types";
import type { Tone } from "@/ui/badge";

/** How a status looks and reads, everywhere. A new status of the server's fails to compile here. */
export const statuses: Record<Status, { name: string; tone: Tone; meaning: string }> = {
  pending: {
    name: "Pending",
    tone: "neutral",
    meaning: "Accepted. The amount is held and has not been sent to the bank yet.",
  },
  processing: {
    name: "Processing",
    tone: "info",
    meaning: "With the bank. The amount stays held until the bank answers.",
  },
  completed: { name: "Completed", tone: "good", meaning: "The bank paid." },
  failed: { name: "Failed", tone: "bad", meaning: "The bank did not pay. The amount is available again." },
  cancelled: {
    name: "Cancelled",
    tone: "neutral",
    meaning: "Cancelled before it was sent. The amount is available again.",
  },
  returned: { name: "Returned", tone: "odd", meaning: "Paid, and sent back later by the receiving bank." },
};

/** Not a status of its own: a payout in progress whose last call got no definite answer. */
export const inDoubt = {
  name: "In doubt",
  tone: "warn",
  meaning: "The bank gave no definite answer. The amount stays held until it is certain whether the bank paid.",
} as const satisfies { name: string; tone: Tone; meaning: string };

export const lookOf = (payout: Pick<Payout, "status" | "in_doubt">) =>
  payout.status === "processing" && payout.in_doubt ? inDoubt : statuses[payout.status];

/** Its outcome is not known yet. */
export const isInProgress = ({ status }: Pick<Payout, "status">): boolean =>
  status === "pending" || status === "processing";

export const statusFilters: Record<StatusFilter, string> = {
  pending: statuses.pending.name,
  processing: statuses.processing.name,
  in_doubt: inDoubt.name,
  completed: statuses.completed.name,
  failed: statuses.failed.name,
  cancelled: statuses.cancelled.name,
  returned: statuses.returned.name,
};

export const isStatusFilter = (word: unknown): word is StatusFilter =>
  typeof word === "string" && Object.hasOwn(statusFilters, word);

/** What a call to the bank asks of it. */
export const steps: Record<Step, { done: string; next: string }> = {
  submit: { done: "Sent to the bank", next: "send it to the bank" },
  enquire: { done: "Asked the bank for the outcome", next: "ask the bank for the outcome" },
  close: {
    done: "Asked the bank for the outcome, and to refuse it from now on if it never received it",
    next: "ask the bank for the outcome, and to refuse it from now on if it never received it",
  },
};

export const isStep = (word: string): word is Step => Object.hasOwn(steps, word);

/** How a call to the bank ended. A new word of the server's fails to compile here. */
const outcomes: Record<AttemptOutcome, { name: string; tone: Tone }> = {
  paid: { name: "The bank paid", tone: "good" },
  refused: { name: "The bank refused", tone: "bad" },
  never_received: { name: "The bank never received it", tone: "info" },
  closed: { name: "The bank never received it and refuses it from now on", tone: "bad" },
  no_answer: { name: "No definite answer", tone: "warn" },
  unreachable: { name: "The bank could not be reached; nothing was sent", tone: "warn" },
  released: { name: "Not sent: the worker stopped and returned it", tone: "neutral" },
};

export const outcomeOf = (word: AttemptOutcome): { name: string; tone: Tone } => outcomes[word];

/** What an entry moves, and from where to where. `sign` is its effect on the available balance. */
export const kinds: Record<EntryKind, { name: string; tone: Tone; way: string; sign: 1 | 0 | -1 }> = {
  fund: { name: "Fund", tone: "good", way: "bank → available", sign: 1 },
  hold: { name: "Hold", tone: "info", way: "available → held", sign: -1 },
  settle: { name: "Settle", tone: "neutral", way: "held → bank", sign: 0 },
  refund: { name: "Refund", tone: "good", way: "held → available", sign: 1 },
  return: { name: "Return", tone: "odd", way: "bank → available", sign: 1 },
};

/** What a ledger can be filtered by. */
export const kindFilters: Record<string, string> = Object.fromEntries(
  Object.entries(kinds).map(([kind, { name, way }]) => [kind, `${name} (${way})`]),
);

export const isEntryKind = (word: unknown): word is EntryKind => typeof word === "string" && Object.hasOwn(kinds, word);

const matchedBy: Record<Matched, string> = {
  id: "payout ID",
  reference: "reference",
  utr: "UTR",
  bank_account: "bank account",
  amount: "amount",
  ending: "last 8 characters",
};

/** By what an exact search found a payout: "UTR", "bank account and amount". */
export const sayMatched = (matched: readonly Matched[]): string => matched.map((by) => matchedBy[by]).join(" and ");

/** What the accounts of the simulated bank do. Offered in demo mode only. */
export const demoAccounts = [
  { id: "demo-success", does: "is paid" },
  { id: "demo-fail", does: "is refused and refunded" },
  { id: "demo-slow", does: "is paid after a while" },
  { id: "demo-timeout-paid", does: "gets no answer, but is paid: an enquiry finds out" },
  { id: "demo-timeout-unpaid", does: "gets no answer and is not paid: refunded" },
  { id: "demo-silent", does: "never gets an answer: stays in doubt" },
  { id: "demo-return", does: "is paid and returned later" },
  { id: "demo-bank-account", does: "70% paid, 20% refused, 10% no answer" },
] as const;
