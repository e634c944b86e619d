import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { ApiError } from "@/api/errors";
import type { Intention } from "@/lib/intention";
import { forget, remember } from "@/lib/open-intentions";
import { type Doubt, patience, type Sent, sendUntilSure } from "@/lib/send-until-sure";
import { type Accepted, createPayout } from "../actions";
import { noteSessionEnd } from "../session";

export type Sending =
  | { name: "idle" }
  | { name: "sending" }
  /** No definite answer yet; the same goes out again, under the same key. */
  | { name: "unsure"; doubt: Doubt }
  | { name: "accepted"; accepted: Accepted; tries: number }
  | { name: "refused"; error: unknown };

export async function sendOnce(intention: Intention): Promise<Sent<Accepted>> {
  try {
    return { value: await createPayout(intention) };
  } catch (error) {
    if (!(error instanceof ApiError)) return { error, reply: null };
    const { status, code, retryAfterSeconds } = error;
    return { error, reply: { status, code, retryAfterSeconds } };
  }
}

/** Sends one intention until there is a definite answer. While one is under way, a second start does nothing. */
export function useSending(merchantId: string) {
  const client = useQueryClient();
  const [state, setState] = useState<Sending>({ name: "idle" });
  const underWay = useRef<AbortController | null>(null);
  const [hurrying] = useState(() => new EventTarget());

  const leave = useCallback(() => underWay.current?.abort(), []);
  useEffect(() => leave, [leave]);

  const start = async (intention: Intention) => {
    if (underWay.current && !underWay.current.signal.aborted) return;
    const mine = new AbortController();
    underWay.current = mine;
    setState({ name: "sending" });
    remember(merchantId, intention);
    const end = await sendUntilSure({
      send: () => sendOnce(intention),
      wait: patience(hurrying),
      onDoubt: (doubt) => !mine.signal.aborted && setState({ name: "unsure", doubt }),
      signal: mine.signal,
    });
    underWay.current = null;
    const wasNothingDone = end.verdict === "signed-out" && end.tries === 1;
    if (end.verdict === "accepted" || end.verdict === "refused" || wasNothingDone) forget(merchantId, intention.key);
    if (end.verdict === "accepted") setState({ name: "accepted", accepted: end.value, tries: end.tries });
    if (end.verdict === "refused") setState({ name: "refused", error: end.error });
    if (end.verdict === "signed-out") noteSessionEnd(client);
    void client.invalidateQueries({ predicate: ({ queryKey: [name] }) => !String(name).startsWith("session") });
  };

  const hurry = () => void hurrying.dispatchEvent(new Event("hurry"));
  const reset = () => setState({ name: "idle" });
  return { state, start, leave, hurry, reset };
}
