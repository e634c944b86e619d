import { useRef, useState } from "react";

/** Where the keyboard's focus was when this opened, and the way back. If that is gone: the page's content. */
export function useReturnFocus(isOpen: boolean): (event: Event) => void {
  const opener = useRef<Element | null>(null);
  const [wasOpen, setWasOpen] = useState(false);
  if (isOpen !== wasOpen) {
    setWasOpen(isOpen);
    // Before anything in it takes the focus.
    if (isOpen) opener.current = document.activeElement;
  }
  return (event) => {
    event.preventDefault();
    const from = opener.current;
    const target = from instanceof HTMLElement && from !== document.body && from.isConnected ? from : null;
    (target ?? document.getElementById("main"))?.focus({ preventScroll: true });
  };
}
