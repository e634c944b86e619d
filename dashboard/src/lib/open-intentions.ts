import type { Intention } from "./intention";

/**
 * Intentions without an answer, kept through a reload or a crash of the browser: written before the first
 * sending, removed by a final answer. The key is no secret; it only names the request.
 */
const nameOf = (merchantId: string) => `payrail-open-${merchantId}`;

const listeners = new Set<() => void>();

/** Called back when this page or another one of the browser remembers or forgets. */
export function watchIntentions(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener("storage", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("storage", listener);
  };
}

/** What is stored, as text: the same text, the same intentions. */
export function storedIntentions(merchantId: string): string {
  try {
    return localStorage.getItem(nameOf(merchantId)) ?? "[]";
  } catch {
    return "[]";
  }
}

const isIntention = (value: unknown): value is Intention => {
  const it = value as Partial<Intention> | null;
  return (
    typeof it === "object" &&
    typeof it?.key === "string" &&
    Number.isSafeInteger(it.amountPaise) &&
    typeof it.account === "string" &&
    typeof it.startedAt === "string"
  );
};

export function openIntentions(merchantId: string, storage: Storage = localStorage): Intention[] {
  try {
    const kept: unknown = JSON.parse(storage.getItem(nameOf(merchantId)) ?? "[]");
    return Array.isArray(kept) ? kept.filter(isIntention) : [];
  } catch {
    return [];
  }
}

function keep(merchantId: string, intentions: Intention[], storage: Storage): void {
  try {
    if (intentions.length === 0) storage.removeItem(nameOf(merchantId));
    else storage.setItem(nameOf(merchantId), JSON.stringify(intentions));
  } catch {
    // Without storage the intention lives as long as the page.
  }
  for (const listener of listeners) listener();
}

export function remember(merchantId: string, intention: Intention, storage: Storage = localStorage): void {
  const others = openIntentions(merchantId, storage).filter((other) => other.key !== intention.key);
  keep(merchantId, [...others, intention], storage);
}

export function forget(merchantId: string, key: string, storage: Storage = localStorage): void {
  const others = openIntentions(merchantId, storage).filter((other) => other.key !== key);
  keep(merchantId, others, storage);
}
