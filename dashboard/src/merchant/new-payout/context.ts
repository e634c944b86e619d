import { createContext, useContext } from "react";
import type { Intention } from "@/lib/intention";

/** What the dialog begins with. */
export interface Beginning {
  /** An intention whose answer never came, to be sent once more under its own key. */
  again?: Intention;
  /** What the form is filled in with: a new payout like an earlier one. */
  like?: { amountPaise: number; account: string };
}

export type OpenNewPayout = (beginning?: Beginning) => void;

export const NewPayoutContext = createContext<{ open: OpenNewPayout; isOpen: boolean }>({
  open: () => {},
  isOpen: false,
});

/** Opens the dialog that asks for a payout, from anywhere. */
export const useNewPayout = (): OpenNewPayout => useContext(NewPayoutContext).open;
export const useIsPayoutDialogOpen = (): boolean => useContext(NewPayoutContext).isOpen;
