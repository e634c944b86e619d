import { useSyncExternalStore } from "react";

export type Theme = "light" | "dark" | "system";

const KEY = "payrail-theme";
const listeners = new Set<() => void>();

const isTheme = (value: string | null): value is Theme => value === "light" || value === "dark" || value === "system";

/** What the person chose; `system` until they choose. Without storage (a private window) it lasts as long as the page. */
let chosen: Theme = read();

function read(): Theme {
  try {
    const kept = localStorage.getItem(KEY);
    return isTheme(kept) ? kept : "system";
  } catch {
    return "system";
  }
}

function apply(): void {
  if (chosen === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
}

export function setTheme(theme: Theme): void {
  chosen = theme;
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Shown all the same, only not remembered.
  }
  apply();
  for (const listener of listeners) listener();
}

/** Called once, before the first render. */
export function startTheme(): void {
  apply();
  window.addEventListener("storage", (event) => {
    if (event.key !== KEY) return;
    chosen = read();
    apply();
    for (const listener of listeners) listener();
  });
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

export const useTheme = (): Theme => useSyncExternalStore(subscribe, () => chosen);
