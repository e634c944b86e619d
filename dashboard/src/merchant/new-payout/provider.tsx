import { createContext, type ReactNode, useCallback, useContext, useEffect, useState } from "react";
import type { Intention } from "@/lib/intention";
import { ErrorBoundary } from "@/ui/error-boundary";
import { NewPayoutDialog } from "../parts";

/** What the dialog begins with. */
export interface Beginning {
  /** An intention whose answer never came, to be sent once more under its own key. */
  again?: Intention;
  /** What the form is filled in with: a new payout like an earlier one. */
  like?: { amountPaise: number; account: string };
}

type Open = (beginning?: Beginning) => void;

const Context = createContext<{ open: Open; isOpen: boolean }>({ open: () => {}, isOpen: false });

/** Opens the dialog that asks for a payout, from anywhere. */
export const useNewPayout = (): Open => useContext(Context).open;
export const useIsPayoutDialogOpen = (): boolean => useContext(Context).isOpen;

export function NewPayoutProvider({ children }: { children: ReactNode }) {
  const [isOpen, setOpen] = useState(false);
  const [beginning, setBeginning] = useState<Beginning>({});
  const open = useCallback<Open>((given = {}) => {
    setBeginning(given);
    setOpen(true);
  }, []);
  useLetter("n", open);

  return (
    <Context value={{ open, isOpen }}>
      {children}
      {isOpen && (
        <ErrorBoundary what="The form">
          <NewPayoutDialog {...beginning} onClose={() => setOpen(false)} />
        </ErrorBoundary>
      )}
    </Context>
  );
}

/** A single letter as a shortcut, but not while one writes or a dialog is open. */
function useLetter(letter: string, act: () => void): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key !== letter || event.ctrlKey || event.metaKey || event.altKey) return;
      const target = event.target as HTMLElement;
      if (target.closest("input, textarea, select, [contenteditable], [role=dialog], [role=menu]")) return;
      event.preventDefault();
      act();
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, [letter, act]);
}
