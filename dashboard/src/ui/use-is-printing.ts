import { useEffect, useState } from "react";
import { flushSync } from "react-dom";

/** Whether the page is on its way to paper. Drawn before the browser lays the paper out. */
export function useIsPrinting(): boolean {
  const [isPrinting, setPrinting] = useState(false);
  useEffect(() => {
    // jsdom, in which components are tested, has no media.
    const paper = window.matchMedia?.("print");
    const become = (is: boolean) => () => flushSync(() => setPrinting(is));
    const change = () => become(Boolean(paper?.matches))();
    const [begin, end] = [become(true), become(false)];
    window.addEventListener("beforeprint", begin);
    window.addEventListener("afterprint", end);
    paper?.addEventListener("change", change);
    return () => {
      window.removeEventListener("beforeprint", begin);
      window.removeEventListener("afterprint", end);
      paper?.removeEventListener("change", change);
    };
  }, []);
  return isPrinting;
}
