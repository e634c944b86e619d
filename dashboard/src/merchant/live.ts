import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { Event, EventKind } from "@/api/types";
import { sleep } from "@/lib/sleep";

export type LiveState = "live" | "polling" | "offline";

/** What an event of a kind changes on the pages. A kind that the server gains fails to compile here. */
const CHANGES: Record<EventKind, "payout" | "balance"> = {
  "payout.pending": "payout",
  "payout.processing": "payout",
  "payout.in_doubt": "payout",
  "payout.completed": "payout",
  "payout.failed": "payout",
  "payout.cancelled": "payout",
  "payout.returned": "payout",
  "balance.funded": "balance",
};
/** An EventSource hears only the kinds that it is told of. */
const KINDS = Object.keys(CHANGES) as EventKind[];
/** What the server sends besides events: the newest number at the start, and a sign of life every 15 seconds. */
const SIGNS = ["ready", "alive"];

const POLL_MS = 3_000;
const REOPEN_MS = 15_000;
/** A stream on which the server says nothing for longer than two signs of life is dead, though it looks open. */
const SILENCE_MS = 40_000;
/** A storm of events makes us read again this often at the most. */
const REST_MS = 400;
const CHARTS_REST_MS = 2_000;
/** An event may get lost between two connections: even a live page looks once in a while. */
const LIVE_POLL_MS = 20_000;
/** Not read again with the rest: the session never, the charts at their own pace. */
const ASIDE = ["session", "session-ended", "insights"];

/** Reads again what the pages show; what comes while it reads makes it read once more, so that nothing is missed. */
class Refresher {
  private isDirty = false;
  private isRunning = false;
  private charts: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly client: QueryClient) {}

  async ask(): Promise<void> {
    this.isDirty = true;
    this.charts ??= setTimeout(() => this.readCharts(), CHARTS_REST_MS);
    if (this.isRunning) return;
    this.isRunning = true;
    while (this.isDirty) {
      this.isDirty = false;
      await this.client.invalidateQueries({ predicate: ({ queryKey: [name] }) => !ASIDE.includes(String(name)) });
      await sleep(REST_MS);
    }
    this.isRunning = false;
  }

  private readCharts(): void {
    this.charts = null;
    void this.client.invalidateQueries({ queryKey: ["insights"] });
  }
}

type PayoutListener = (id: string) => void;

const listeners = new Set<PayoutListener>();
/** Payouts that changed while no list was on the page. A list that is opened again has old rows of them. */
const missed = new Set<string>();
const MISSED_LIMIT = 5_000;

function noteChange(text: string): void {
  const { kind, payout_id: id } = JSON.parse(text) as Event;
  if (CHANGES[kind] !== "payout" || !id) return;
  for (const listener of listeners) listener(id);
  if (listeners.size === 0 && missed.size < MISSED_LIMIT) missed.add(id);
}

/** Tells of each payout that changes, by its id; first of those that changed while nobody listened. */
export function watchPayouts(listener: PayoutListener): () => void {
  listeners.add(listener);
  for (const id of missed) listener(id);
  missed.clear();
  return () => void listeners.delete(listener);
}

/** Follows the merchant's events; polls while it cannot. */
export function useLive(): LiveState {
  const client = useQueryClient();
  const [state, setState] = useState<LiveState>(navigator.onLine ? "polling" : "offline");
  useEffect(() => follow(new Refresher(client), setState), [client]);
  return state;
}

function follow(refresher: Refresher, setState: (state: LiveState) => void): () => void {
  let source: EventSource | null = null;
  let reopening: ReturnType<typeof setTimeout> | undefined;
  let isLive = false;
  let heardAt = Date.now();
  /** The number of the last event. A stream that is opened again begins after it, so that nothing is missed. */
  let lastEventId = "";

  const tell = () => setState(!navigator.onLine ? "offline" : isLive ? "live" : "polling");
  const refresh = () => void refresher.ask();
  const hearSign = (event: MessageEvent<string>) => {
    heardAt = Date.now();
    lastEventId = event.lastEventId || lastEventId;
  };
  const hear = (event: MessageEvent<string>) => {
    hearSign(event);
    noteChange(event.data);
    refresh();
  };

  const close = () => {
    clearTimeout(reopening);
    source?.close();
    source = null;
    isLive = false;
  };
  const open = () => {
    close();
    heardAt = Date.now();
    const after = lastEventId && `?after=${encodeURIComponent(lastEventId)}`;
    source = new EventSource(`/api/v1/events/stream${after}`);
    source.onopen = () => {
      heardAt = Date.now();
      isLive = true;
      tell();
      // What happened while nobody listened.
      refresh();
    };
    source.onerror = () => {
      isLive = false;
      tell();
      // Whether the server is gone shows at once, not at the next poll.
      refresh();
      // The browser reconnects on its own after a broken line, not after a refusal.
      if (source?.readyState === EventSource.CLOSED) reopening = setTimeout(open, REOPEN_MS);
    };
    for (const kind of KINDS) source.addEventListener(kind, hear);
    for (const sign of SIGNS) source.addEventListener(sign, hearSign);
  };

  // A page that nobody looks at gives its connection back: a browser has six for one server.
  const look = () => {
    if (document.hidden) close();
    else if (!source) open();
    tell();
  };
  let polledAt = Date.now();
  const polling = setInterval(() => {
    if (source && Date.now() - heardAt > SILENCE_MS) {
      open();
      tell();
      refresh();
    }
    const isDue = Date.now() - polledAt >= (isLive ? LIVE_POLL_MS : POLL_MS);
    if (!isDue || document.hidden || !navigator.onLine) return;
    polledAt = Date.now();
    refresh();
  }, 1_000);
  const online = () => {
    open();
    tell();
  };

  look();
  document.addEventListener("visibilitychange", look);
  window.addEventListener("online", online);
  window.addEventListener("offline", tell);
  return () => {
    close();
    clearInterval(polling);
    document.removeEventListener("visibilitychange", look);
    window.removeEventListener("online", online);
    window.removeEventListener("offline", tell);
  };
}
