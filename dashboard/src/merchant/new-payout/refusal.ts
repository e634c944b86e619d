import { ApiError, inWords } from "@/api/errors";
import { formatPaise, type Paise } from "@/lib/money";

/** A refusal as sentences next to what they are about. */
export interface Refusal {
  amount: string[];
  account: string[];
  /** About neither field. */
  other: string[];
}

export const noRefusal: Refusal = { amount: [], account: [], other: [] };

export function refusalOf(error: unknown, amountPaise: Paise): Refusal {
  if (!(error instanceof ApiError)) return { ...noRefusal, other: [inWords(error)] };
  if (error.code === "insufficient_balance") {
    return { ...noRefusal, amount: [insufficient(error.problem.available_balance_paise, amountPaise)] };
  }
  if (error.code === "idempotency_key_reused") {
    return {
      ...noRefusal,
      other: ["The key of this request was used for another payout. Nothing was paid. Confirm again."],
    };
  }
  const amount = error.field("amount_paise");
  const account = error.field("bank_account_id");
  return { amount, account, other: amount.length + account.length > 0 ? [] : [inWords(error)] };
}

/** The balance is that of the moment when the server decided; it may have changed since. */
function insufficient(available: unknown, wanted: Paise): string {
  if (typeof available !== "number" || !Number.isSafeInteger(available)) {
    return "The available balance is too low. Nothing was held.";
  }
  const missing = wanted - available;
  return `The available balance is too low: it was ${formatPaise(available)}, which is ${formatPaise(missing)} less than this payout. Nothing was held.`;
}
