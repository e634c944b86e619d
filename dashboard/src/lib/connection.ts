import { useSyncExternalStore } from "react";

/** Whether the server answers, and when it last did. Every call of the API reports here. */
export interface Connection {
  isLost: boolean;
  /** When the newest figures came; null before the first. */
  answeredAt: Date | null;
}

let now: Connection = { isLost: false, answeredAt: null };
const listeners = new Set<() => void>();

function become(next: Connection): void {
  const wasLost = now.isLost;
  now = next;
  // Each answer moves the time, but only a change of state is drawn.
  if (wasLost !== next.isLost) for (const listener of listeners) listener();
}

export const noteAnswer = (): void => become({ isLost: false, answeredAt: new Date() });
export const noteLost = (): void => become({ ...now, isLost: true });

export function watchConnection(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

export const connection = (): Connection => now;
export const useConnection = (): Connection => useSyncExternalStore(watchConnection, connection);
