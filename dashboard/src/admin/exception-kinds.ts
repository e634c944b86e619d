import type { AdminException } from "./queries";

type Kind = AdminException["kind"];

/** A new kind of the server's fails to compile here. */
const kinds: Record<Kind, string> = {
  return_other_amount: "Different amount returned",
  return_other_utr: "Returned under a different UTR",
  return_of_unpaid: "Returned without being paid",
  return_again: "Returned a second time",
  return_unknown_reference: "Unknown reference returned",
  return_unreadable: "Unreadable line",
  returns_missing: "Lines are missing",
  duplicate_utr: "Two payouts under one UTR",
};

export const isKind = (word: string): word is Kind => Object.hasOwn(kinds, word);

/** What kind of exception it is, in words. */
export const nameOfKind = (kind: Kind): string => kinds[kind];
