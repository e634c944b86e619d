import { newKey } from "@/lib/new-key";
import { type Certainty, patience, sendUntilSure } from "@/lib/send-until-sure";
import type { Accepted } from "../actions";
import { sendOnce } from "../new-payout/use-sending";

/** One of the two requests, and what became of it. */
export interface Runner {
  key: string;
  /** Milliseconds to its definite answer; null while there is none. */
  took: number | null;
  end: Certainty<Accepted> | null;
}

const start = (): Runner => ({ key: newKey(), took: null, end: null });

/**
 * Two requests at the same moment, each under a key of its own, that together ask for more than there is.
 * Each is sent until there is a definite answer, so that the panel never shows a guess.
 */
export async function race(
  wish: { amountPaise: number; account: string },
  onChange: (runners: readonly Runner[]) => void,
  signal: AbortSignal,
): Promise<readonly Runner[]> {
  let runners: readonly Runner[] = [start(), start()];
  onChange(runners);
  const startedAt = new Date().toISOString();
  const begun = performance.now();
  const wait = patience(new EventTarget());
  const run = async ({ key }: Runner) => {
    const send = () => sendOnce({ ...wish, key, startedAt });
    const end = await sendUntilSure({ send, wait, onDoubt: () => {}, signal });
    const took = Math.round(performance.now() - begun);
    runners = runners.map((runner) => (runner.key === key ? { key, took, end } : runner));
    onChange(runners);
  };
  await Promise.all(runners.map(run));
  return runners;
}
