import { useRouterState } from "@tanstack/react-router";
import { useEffect, useRef } from "react";

/** A screen reader that follows a link should land on the new page, not stay on the old one's link. */
export function useFocusOnNavigation(): void {
  const path = useRouterState({ select: (state) => state.resolvedLocation?.pathname });
  const previous = useRef(path);
  useEffect(() => {
    if (previous.current !== undefined && path !== previous.current) {
      document.getElementById("main")?.focus({ preventScroll: true });
    }
    previous.current = path;
  }, [path]);
}
