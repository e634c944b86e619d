import { type ReactNode, useCallback, useEffect, useState } from "react";
import { useShortcuts } from "@/lib/shortcuts";
import { NewPayoutDialog } from "../lazy-components";
import { type Beginning, NewPayoutContext, type OpenNewPayout } from "./context";

export function NewPayoutProvider({ children }: { children: ReactNode }) {
  const [isOpen, setOpen] = useState(false);
  const [beginning, setBeginning] = useState<Beginning>({});
  const open = useCallback<OpenNewPayout>((given = {}) => {
    setBeginning(given);
    setOpen(true);
  }, []);
  useLetter(SHORTCUT, open);

  return (
    <NewPayoutContext value={{ open, isOpen }}>
      {children}
      {isOpen && <NewPayoutDialog {...beginning} onClose={() => setOpen(false)} />}
    </NewPayoutContext>
  );
}

const SHORTCUT = "n";
const WRITES = "input, textarea, select, [contenteditable]";
const COVERS = "[role=dialog], [role=alertdialog], [role=menu]";

/**
 * A single letter as a shortcut, but not while somebody writes, and not while a dialog or a menu is open. Caps Lock makes
 * no difference. It can be turned off: who speaks to their computer would press it by chance.
 */
function useLetter(letter: string, act: () => void): void {
  const isOn = useShortcuts();
  useEffect(() => {
    if (!isOn) return;
    const press = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== letter || event.repeat) return;
      if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
      const target = event.target as HTMLElement;
      if (target.closest(WRITES) || document.querySelector(COVERS)) return;
      event.preventDefault();
      act();
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, [letter, act, isOn]);
}
