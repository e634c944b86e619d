import { useEffect } from "react";

/** What had the focus may be in a row that goes away. The page's content takes the focus then, so that it is not lost. */
export function useKeptFocus(rows: number | undefined): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: each time that rows come or go.
  useEffect(() => {
    if (document.activeElement === document.body) document.getElementById("main")?.focus({ preventScroll: true });
  }, [rows]);
}
