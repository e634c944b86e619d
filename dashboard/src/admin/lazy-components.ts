import { lazyPart } from "@/ui/lazy-part";

/** Code that the first page does without. It is fetched ahead once an operator is signed in, so that every page opens
 * though the server is gone. */
export const Overview = lazyPart(async () => (await import("./pages/overview")).default);
export const Merchants = lazyPart(async () => (await import("./pages/merchants")).default);
export const MerchantPage = lazyPart(async () => (await import("./pages/merchant")).default);
export const Payouts = lazyPart(async () => (await import("./pages/payouts")).default);
export const PayoutPage = lazyPart(async () => (await import("./pages/payout")).default);
export const Doubtful = lazyPart(async () => (await import("./pages/doubtful")).default);
export const Exceptions = lazyPart(async () => (await import("./pages/exceptions")).default);
export const Ledger = lazyPart(async () => (await import("./pages/ledger")).default);
export const Records = lazyPart(async () => (await import("./pages/records")).default);
export const Operators = lazyPart(async () => (await import("./pages/operators")).default);
export const Actions = lazyPart(async () => (await import("./pages/actions")).default);
export const ConfirmBank = lazyPart(async () => (await import("./bank/confirm-bank-dialog")).default);
export const Palette = lazyPart(async () => (await import("./components/palette")).default);

export const parts = [
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
  Palette,
];
