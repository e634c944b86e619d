// @vitest-environment jsdom
import { describe, expect, it } from "vitest";
import { type Doubt, patience, type Sent, sendUntilSure } from "./send-until-sure";

const refusedWith = (status: number): Sent<string> => ({
  error: `status ${status}`,
  reply: { status, code: null, retryAfterSeconds: null },
});
const lost: Sent<string> = { error: "lost", reply: null };

/** Plays a list of results, notes what was seen, and never really waits. */
function play(results: Sent<string>[], wait: () => Promise<void> = async () => {}) {
  const doubts: Doubt[] = [];
  let sendings = 0;
  const outcome = sendUntilSure<string>({
    send: async () => results[sendings++] ?? { value: "late" },
    wait,
    onDoubt: (doubt) => doubts.push(doubt),
    signal: new AbortController().signal,
  });
  return { outcome, doubts, sendings: () => sendings };
}

describe("sendUntilSure", () => {
  it("takes the first definite answer", async () => {
    const { outcome, doubts } = play([{ value: "payout" }]);
    expect(await outcome).toEqual({ verdict: "accepted", value: "payout", tries: 1 });
    expect(doubts).toEqual([]);
  });

  it("goes on through silence, 503 and 409", async () => {
    const { outcome, doubts, sendings } = play([lost, refusedWith(503), refusedWith(409), { value: "payout" }]);
    expect(await outcome).toEqual({ verdict: "accepted", value: "payout", tries: 4 });
    expect(doubts.map(({ tries }) => tries)).toEqual([1, 2, 3]);
    expect(sendings()).toBe(4);
  });

  it("takes a refusal after silence for what it is", async () => {
    const { outcome } = play([lost, refusedWith(400)]);
    expect(await outcome).toEqual({ verdict: "refused", error: "status 400", tries: 2 });
  });

  it("stops, still unsure, when the session is over", async () => {
    const { outcome } = play([lost, refusedWith(401)]);
    expect(await outcome).toMatchObject({ verdict: "signed-out" });
  });

  it("stops when the caller leaves", async () => {
    const { outcome, sendings } = play([lost], () => Promise.reject(new Error("left")));
    expect(await outcome).toEqual({ verdict: "left", tries: 1 });
    expect(sendings()).toBe(1);
  });
});

describe("patience", () => {
  it("ends at once when the network is back, when asked to hurry, and rejects when left", async () => {
    const hurry = new EventTarget();
    const never = new AbortController();
    const online = patience(hurry)(60_000, never.signal);
    window.dispatchEvent(new Event("online"));
    await expect(online).resolves.toBeUndefined();

    const hurried = patience(hurry)(60_000, never.signal);
    hurry.dispatchEvent(new Event("hurry"));
    await expect(hurried).resolves.toBeUndefined();

    const left = new AbortController();
    const waiting = patience(hurry)(60_000, left.signal);
    left.abort();
    await expect(waiting).rejects.toBeUndefined();
    await expect(patience(hurry)(60_000, left.signal)).rejects.toBeUndefined();
  });
});
