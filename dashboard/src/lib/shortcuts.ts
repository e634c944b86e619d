import { useSyncExternalStore } from "react";

/** Whether single letters are shortcuts, as this browser's user chose. They are, until somebody turns them off. */
const KEY = "payrail-shortcuts";
const OFF = "off";
const listeners = new Set<() => void>();

/** Without storage (a private window) the choice lasts as long as the page. */
function read(): boolean {
  try {
    return localStorage.getItem(KEY) !== OFF;
  } catch {
    return true;
  }
}

let isOn = read();

export function setShortcuts(on: boolean): void {
  isOn = on;
  try {
    if (on) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, OFF);
  } catch {
    // Used all the same, only not remembered.
  }
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

export const useShortcuts = (): boolean => useSyncExternalStore(subscribe, () => isOn);
