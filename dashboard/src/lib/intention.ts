import type { Paise } from "./money";

/**
 * An intention is one payout that a person has confirmed, and the one idempotency key it goes under. It
 * keeps its key through double clicks, lost connections and reloads, until an answer says what became of it.
 */
export interface Intention {
  key: string;
  amountPaise: Paise;
  account: string;
  startedAt: string;
}

/** The intention to go on with: the open one while it is for the same payout, a new one otherwise. */
export function intend(
  open: Intention | null,
  wish: { amountPaise: Paise; account: string },
  fresh: { key: string; at: string },
): Intention {
  if (open && open.amountPaise === wish.amountPaise && open.account === wish.account) return open;
  return { ...wish, key: fresh.key, startedAt: fresh.at };
}

/** What came back of one sending: an answer, or nothing at all. */
export type Reply = { status: number; code: string | null; retryAfterSeconds: number | null } | null;

export type Verdict =
  /** The payout exists. */
  | "accepted"
  /** The server says no, and no is the answer for this key for ever. */
  | "refused"
  /** Nothing is known: the same again, under the same key. */
  | "unsure"
  /** The session ended. What earlier sendings did is as unknown as before. */
  | "signed-out";

/** An answer counts as final only if it is one that the same request would always get. */
export function judge(reply: Reply): Verdict {
  if (!reply) return "unsure";
  const { status } = reply;
  if (status >= 200 && status < 300) return "accepted";
  if (status === 401 || status === 403) return "signed-out";
  if (status === 408 || status === 409 || status === 425 || status === 429) return "unsure";
  return status >= 400 && status < 500 ? "refused" : "unsure";
}

const WAITS_MS = [1_000, 2_000, 4_000, 8_000, 15_000];
const RETRY_AFTER_LIMIT_S = 60;

/** How long to wait before the same is sent again. The server's own word counts, within reason. */
export function waitBefore(nextTry: number, reply: Reply): number {
  const own = WAITS_MS[Math.min(nextTry - 2, WAITS_MS.length - 1)] ?? 1_000;
  const asked = Math.min(reply?.retryAfterSeconds ?? 0, RETRY_AFTER_LIMIT_S) * 1_000;
  return Math.max(own, asked);
}
