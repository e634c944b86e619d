import type { Payout } from "@/api/types";
import { formatPaise, type Paise } from "@/lib/money";
import { sayAgo } from "@/lib/time";

interface Wanted {
  amountPaise: Paise;
  account: string;
}

/** The newest payout of the same amount to the same account that was or may still be paid. */
export function identicalPayout(payouts: readonly Payout[], { amountPaise, account }: Wanted): Payout | null {
  const isSame = ({ amount_paise, bank_account_id, status }: Payout) =>
    amount_paise === amountPaise && bank_account_id === account && status !== "failed" && status !== "cancelled";
  return payouts.find(isSame) ?? null;
}

/** "₹7.77 was paid to this account a minute ago." */
export function identicalWarning(earlier: Payout, now: Date): string {
  const amount = formatPaise(earlier.amount_paise);
  if (earlier.status === "completed")
    return `${amount} was paid to this account ${sayAgo(new Date(earlier.updated_at), now)}.`;
  if (earlier.status === "returned")
    return `${amount} was paid to this account and returned ${sayAgo(new Date(earlier.updated_at), now)}.`;
  return `A payout of ${amount} to this account is already in progress, requested ${sayAgo(new Date(earlier.created_at), now)}.`;
}
