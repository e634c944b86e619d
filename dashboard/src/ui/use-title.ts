import { useEffect } from "react";

/** Names the page in the tab and to screen readers. */
export function useTitle(title: string, house = "PayRail"): void {
  useEffect(() => {
    document.title = `${title} · ${house}`;
  }, [title, house]);
}
