import { createContext, lazy, type ReactNode, Suspense, useCallback, useContext, useEffect, useState } from "react";
import type { Intention } from "@/lib/intention";

const NewPayoutDialog = lazy(() => import("./dialog"));

/** `again`: an intention whose answer never came, to be sent once more under its own key. */
type Open = (again?: Intention) => void;

const Context = createContext<{ open: Open; isOpen: boolean }>({ open: () => {}, isOpen: false });

/** Opens the dialog that asks for a payout, from anywhere. */
export const useNewPayout = (): Open => useContext(Context).open;
export const useIsPayoutDialogOpen = (): boolean => useContext(Context).isOpen;

export function NewPayoutProvider({ children }: { children: ReactNode }) {
  const [isOpen, setOpen] = useState(false);
  const [again, setAgain] = useState<Intention | null>(null);
  const open = useCallback<Open>((intention) => {
    setAgain(intention ?? null);
    setOpen(true);
  }, []);
  useLetter("n", open);

  return (
    <Context value={{ open, isOpen }}>
      {children}
      {isOpen && (
        <Suspense>
          <NewPayoutDialog again={again} onClose={() => setOpen(false)} />
        </Suspense>
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
