import { createContext, useContext, useEffect } from "react";

/** The end of every page's title. */
export const AppName = createContext("PayRail");

/** Names the page in the tab and to screen readers. */
export function useTitle(title: string): void {
  const app = useContext(AppName);
  useEffect(() => {
    document.title = `${title} · ${app}`;
  }, [title, app]);
}
