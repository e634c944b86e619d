import type { Paise } from "@/lib/money";

/**
 * A funding that was sent and has no answer yet, with its one idempotency key. It is written down before the first
 * sending and removed by a definite answer, so that after a lost answer, a reload or a crash the same funding is sent
 * again under the same key, and credits once.
 */
export interface OpenFunding {
  key: string;
  amountPaise: Paise;
  description: string;
  startedAt: string;
}

const nameOf = (merchantId: string) => `payrail-open-funding-${merchantId}`;

const isFunding = (value: unknown): value is OpenFunding => {
  const it = value as Partial<OpenFunding> | null;
  return (
    typeof it === "object" &&
    typeof it?.key === "string" &&
    Number.isSafeInteger(it.amountPaise) &&
    typeof it.description === "string" &&
    typeof it.startedAt === "string"
  );
};

/** Shared by the tabs of a browser, and kept when the session ends: the key is no secret. */
export function openFunding(merchantId: string, storage: Storage = localStorage): OpenFunding | null {
  try {
    const kept: unknown = JSON.parse(storage.getItem(nameOf(merchantId)) ?? "null");
    return isFunding(kept) ? kept : null;
  } catch {
    return null;
  }
}

export function rememberFunding(merchantId: string, funding: OpenFunding, storage: Storage = localStorage): void {
  try {
    storage.setItem(nameOf(merchantId), JSON.stringify(funding));
  } catch {
    // Without storage the key lives as long as the dialog.
  }
}

/** Only its own answer ends a funding: another tab may have begun a new one. */
export function forgetFunding(merchantId: string, key: string, storage: Storage = localStorage): void {
  try {
    if (openFunding(merchantId, storage)?.key === key) storage.removeItem(nameOf(merchantId));
  } catch {
    // There was no storage to begin with.
  }
}
