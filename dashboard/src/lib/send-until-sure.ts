import { judge, type Reply, type Verdict, waitBefore } from "./intention";

/** What one sending gave: a value, or an error with what came back. */
export type Sent<Value> = { value: Value } | { error: unknown; reply: Reply };

export interface Doubt {
  /** Sendings so far. */
  tries: number;
  /** When the next one goes out. */
  nextAt: Date;
  error: unknown;
}

export type Certainty<Value> =
  | { verdict: "accepted"; value: Value; tries: number }
  | { verdict: Exclude<Verdict, "accepted" | "unsure">; error: unknown; tries: number }
  /** The caller stopped waiting. What became of it is not known. */
  | { verdict: "left"; tries: number };

interface Hands<Value> {
  /** Sends the same request under the same key. */
  send: () => Promise<Sent<Value>>;
  /** Waits, or returns sooner when there is reason to try at once. Rejects when `signal` is aborted. */
  wait: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  onDoubt: (doubt: Doubt) => void;
  signal: AbortSignal;
}

/** Sends until there is a definite answer or the caller leaves. It never gives up by itself: not to know is no end. */
export async function sendUntilSure<Value>({ send, wait, onDoubt, signal }: Hands<Value>): Promise<Certainty<Value>> {
  for (let tries = 1; ; tries += 1) {
    const sent = await send();
    if ("value" in sent) return { verdict: "accepted", value: sent.value, tries };
    const verdict = judge(sent.reply);
    if (verdict === "refused" || verdict === "signed-out") return { verdict, error: sent.error, tries };
    const pause = waitBefore(tries + 1, sent.reply);
    onDoubt({ tries, nextAt: new Date(Date.now() + pause), error: sent.error });
    try {
      await wait(pause, signal);
    } catch {
      return { verdict: "left", tries };
    }
  }
}

/** Waits; the browser coming back online ends it at once, and so does `hurry`. */
export function patience(hurry: EventTarget) {
  return (milliseconds: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const done = new AbortController();
      const end = (settle: () => void) => () => {
        clearTimeout(timer);
        done.abort();
        settle();
      };
      const timer = setTimeout(end(resolve), milliseconds);
      window.addEventListener("online", end(resolve), { signal: done.signal });
      hurry.addEventListener("hurry", end(resolve), { signal: done.signal });
      signal.addEventListener("abort", end(reject), { signal: done.signal });
      if (signal.aborted) end(reject)();
    });
}
