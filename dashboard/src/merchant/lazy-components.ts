import { lazyPart } from "@/ui/lazy-part";

/** Code that the first page does without. It is fetched ahead once somebody is signed in, so that every page opens
 * though the server is gone. */
export const Payouts = lazyPart(async () => (await import("./pages/payouts")).Payouts);
export const PayoutPage = lazyPart(async () => (await import("./pages/payout")).PayoutPage);
export const Ledger = lazyPart(async () => (await import("./pages/ledger")).Ledger);
export const DoubleSpend = lazyPart(async () => (await import("./pages/double-spend")).DoubleSpend);
export const Palette = lazyPart(async () => (await import("./components/palette")).default);
export const NewPayoutDialog = lazyPart(async () => (await import("./new-payout/dialog")).default);
export const BalanceChart = lazyPart(async () => (await import("./charts")).BalanceChart);
export const OutcomeChart = lazyPart(async () => (await import("./charts")).OutcomeChart);

export const parts = [Payouts, PayoutPage, Ledger, DoubleSpend, Palette, NewPayoutDialog, BalanceChart, OutcomeChart];
