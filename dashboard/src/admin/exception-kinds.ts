const kinds: Record<string, string> = {
  return_other_amount: "Another amount returned",
  return_other_utr: "Returned under another UTR",
  return_of_unpaid: "Returned without being paid",
  return_again: "Returned a second time",
  return_unknown_reference: "Unknown reference returned",
  return_unreadable: "Unreadable line",
  returns_missing: "Lines are missing",
  duplicate_utr: "Two payouts under one UTR",
};

/** What kind of exception it is, in words. A kind that is not known here is shown as it is. */
export const nameOfKind = (kind: string): string => kinds[kind] ?? kind.replaceAll("_", " ");
