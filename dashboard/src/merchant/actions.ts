import { answer, client, whole } from "@/api/client";
import type { PayoutSummary } from "@/api/types";
import type { Intention } from "@/lib/intention";

export const signIn = (apiKey: string) => answer(client.POST("/api/v1/session", { body: { api_key: apiKey } }));

export const signOut = () => answer(client.DELETE("/api/v1/session"));

/** How long to wait for an answer before taking it for lost. The server's own bounds are shorter. */
const ANSWER_WITHIN_MS = 20_000;

export interface Accepted {
  payout: PayoutSummary;
  /** The server had answered this key before: this is that answer again. */
  isReplay: boolean;
}

export async function createPayout(intention: Intention): Promise<Accepted> {
  const { data, response } = await whole(
    client.POST("/api/v1/payouts", {
      params: { header: { "Idempotency-Key": intention.key } },
      body: { amount_paise: intention.amountPaise, bank_account_id: intention.account },
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    }),
  );
  return { payout: data, isReplay: response.headers.get("idempotent-replayed") === "true" };
}

export const cancelPayout = (id: string) =>
  answer(client.POST("/api/v1/payouts/{id}/cancel", { params: { path: { id } } }));
