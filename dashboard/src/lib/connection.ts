import { useSyncExternalStore } from "react";

/** Whether the server answers. Every call of the API reports here. */
export interface Connection {
  isLost: boolean;
}

let now: Connection = { isLost: false };
const listeners = new Set<() => void>();

function become(isLost: boolean): void {
  if (now.isLost === isLost) return;
  now = { isLost };
  for (const listener of listeners) listener();
}

export const noteAnswer = (): void => become(false);
export const noteLost = (): void => become(true);

export function watchConnection(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

export const connection = (): Connection => now;
export const useConnection = (): Connection => useSyncExternalStore(watchConnection, connection);
