import type { MetBank, RailBank } from "../queries";

/** Both banks of a rail as an operator saw them. */
export interface Shown {
  rail: string;
  earlier: string;
  met: MetBank;
}

/** What the server says now, if a confirmation of what was shown would be one of something else. */
export function changeOf(banks: RailBank[], { rail, earlier, met }: Shown): Shown | null {
  const now = banks.find((bank) => bank.rail === rail);
  if (!now?.identity || !now.met) return null;
  const isSame =
    now.identity === earlier &&
    now.met.identity === met.identity &&
    now.met.under_way.count === met.under_way.count &&
    now.met.under_way.amount_paise === met.under_way.amount_paise;
  return isSame ? null : { rail, earlier: now.identity, met: now.met };
}
