import type { AdminBank, MetBank } from "../queries";

/** Both banks as an operator saw them. */
export interface Shown {
  earlier: string;
  met: MetBank;
}

/** What the server says now, if a confirmation of what was shown would be one of something else. */
export function changeOf(now: AdminBank, { earlier, met }: Shown): Shown | null {
  if (!now.identity || !now.met) return null;
  const isSame =
    now.identity === earlier &&
    now.met.identity === met.identity &&
    now.met.under_way.count === met.under_way.count &&
    now.met.under_way.amount_paise === met.under_way.amount_paise;
  return isSame ? null : { earlier: now.identity, met: now.met };
}
