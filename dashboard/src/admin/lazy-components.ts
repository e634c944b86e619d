import { lazyComponent, lazyDialog } from "@/ui/lazy-component";

/** Code that the first page does without. It is fetched ahead once an operator is signed in, so that every page opens
 * though the server is gone. */
export const Overview = lazyComponent(async () => (await import("./pages/overview")).default);
export const Merchants = lazyComponent(async () => (await import("./pages/merchants")).default);
export const MerchantPage = lazyComponent(async () => (await import("./pages/merchant")).default);
export const Payouts = lazyComponent(async () => (await import("./pages/payouts")).default);
export const PayoutPage = lazyComponent(async () => (await import("./pages/payout")).default);
export const Doubtful = lazyComponent(async () => (await import("./pages/doubtful")).default);
export const Exceptions = lazyComponent(async () => (await import("./pages/exceptions")).default);
export const Ledger = lazyComponent(async () => (await import("./pages/ledger")).default);
export const Records = lazyComponent(async () => (await import("./pages/records")).default);
export const Operators = lazyComponent(async () => (await import("./pages/operators")).default);
export const Actions = lazyComponent(async () => (await import("./pages/actions")).default);
export const ConfirmBank = lazyDialog(
  "A different bank is answering",
  async () => (await import("./bank/confirm-bank-dialog")).default,
  ({ onClose }) => onClose(),
);
export const ChoosePassword = lazyComponent(async () => (await import("./operators/choose-password")).ChoosePassword);
export const PasswordDialog = lazyDialog(
  "Change your password",
  async () => (await import("./operators/password-dialog")).PasswordDialog,
  ({ onClose }) => onClose(),
);
export const Palette = lazyDialog(
  "Search",
  async () => (await import("./components/palette")).default,
  ({ onOpenChange }) => onOpenChange(false),
);

export const lazyComponents = [
  Overview,
  Merchants,
  MerchantPage,
  Payouts,
  PayoutPage,
  Doubtful,
  Exceptions,
  Ledger,
  Records,
  Operators,
  Actions,
  ConfirmBank,
  PasswordDialog,
  Palette,
];
