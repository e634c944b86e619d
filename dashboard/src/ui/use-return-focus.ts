import { useState } from "react";

const DIALOGS = "[role=dialog], [role=alertdialog]";

/** What had the focus last outside of every dialog: where one dialog after another was opened from. */
let lastOnPage: Element | null = null;

globalThis.document?.addEventListener("focusin", ({ target }) => {
  if (target instanceof Element && !target.closest(DIALOGS)) lastOnPage = target;
});

interface Opener {
  element: Element | null;
  /** It was in a dialog, which may be gone by now. */
  isInDialog: boolean;
}

const openerNow = (): Opener => {
  const element = document.activeElement;
  return { element, isInDialog: Boolean(element?.closest(DIALOGS)) };
};

const canTake = (element: Element | null): element is HTMLElement =>
  element instanceof HTMLElement && element !== document.body && element.isConnected;

/** Where the keyboard's focus was when this opened, and the way back. If that is gone: the page's content. */
export function useReturnFocus(isOpen: boolean): (event: Event) => void {
  const [opener, setOpener] = useState<Opener | null>(null);
  const [wasOpen, setWasOpen] = useState(false);
  if (isOpen !== wasOpen) {
    setWasOpen(isOpen);
    // Before anything in it takes the focus.
    if (isOpen) setOpener(openerNow());
  }
  return (event) => {
    event.preventDefault();
    const places = [opener?.element ?? null, opener?.isInDialog ? lastOnPage : null, document.getElementById("main")];
    places.find(canTake)?.focus({ preventScroll: true });
  };
}
