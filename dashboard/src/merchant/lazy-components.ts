import { lazyComponent, lazyDialog } from "@/ui/lazy-component";

/** Code that the first page does without. It is fetched ahead once somebody is signed in, so that every page opens
 * though the server is gone. */
export const Payouts = lazyComponent(async () => (await import("./pages/payouts")).Payouts);
export const PayoutPage = lazyComponent(async () => (await import("./pages/payout")).PayoutPage);
export const Ledger = lazyComponent(async () => (await import("./pages/ledger")).Ledger);
export const DoubleSpend = lazyComponent(async () => (await import("./pages/double-spend")).DoubleSpend);
export const Palette = lazyDialog(
  "Search",
  async () => (await import("./components/palette")).default,
  ({ onOpenChange }) => onOpenChange(false),
);
export const NewPayoutDialog = lazyDialog(
  "New payout",
  async () => (await import("./new-payout/dialog")).default,
  ({ onClose }) => onClose(),
);
export const BalanceChart = lazyComponent(async () => (await import("./charts")).BalanceChart);
export const OutcomeChart = lazyComponent(async () => (await import("./charts")).OutcomeChart);

export const lazyComponents = [
  Payouts,
  PayoutPage,
  Ledger,
  DoubleSpend,
  Palette,
  NewPayoutDialog,
  BalanceChart,
  OutcomeChart,
];
