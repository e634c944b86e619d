import { type ReactNode, useCallback, useEffect, useState } from "react";
import { ErrorBoundary } from "@/ui/error-boundary";
import { NewPayoutDialog } from "../lazy-components";
import { type Beginning, NewPayoutContext, type OpenNewPayout } from "./context";

export function NewPayoutProvider({ children }: { children: ReactNode }) {
  const [isOpen, setOpen] = useState(false);
  const [beginning, setBeginning] = useState<Beginning>({});
  const open = useCallback<OpenNewPayout>((given = {}) => {
    setBeginning(given);
    setOpen(true);
  }, []);
  useLetter("n", open);

  return (
    <NewPayoutContext value={{ open, isOpen }}>
      {children}
      {isOpen && (
        <ErrorBoundary what="The form">
          <NewPayoutDialog {...beginning} onClose={() => setOpen(false)} />
        </ErrorBoundary>
      )}
    </NewPayoutContext>
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
