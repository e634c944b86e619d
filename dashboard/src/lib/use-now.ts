import { useSyncExternalStore } from "react";

/** One clock for all that ticks at the same pace: a page of ages has one timer, not fifty. */
class Ticker {
  private now = new Date();
  private timer: ReturnType<typeof setInterval> | undefined;
  private readonly listeners = new Set<() => void>();

  constructor(private readonly everyMs: number) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    this.timer ??= setInterval(this.tick, this.everyMs);
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size > 0) return;
      clearInterval(this.timer);
      this.timer = undefined;
    };
  };

  /** The same value until the next tick; a clock that had stopped looks up first. */
  readonly read = (): Date => {
    if (!this.timer && Date.now() - this.now.getTime() > this.everyMs) this.now = new Date();
    return this.now;
  };

  private readonly tick = (): void => {
    this.now = new Date();
    for (const listener of this.listeners) listener();
  };
}

const tickers = new Map<number, Ticker>();

function tickerOf(everyMs: number): Ticker {
  const ticker = tickers.get(everyMs) ?? new Ticker(everyMs);
  tickers.set(everyMs, ticker);
  return ticker;
}

/** The current time, again and again. Every place that shows a countdown or an age looks here. */
export function useNow(everyMs = 1000): Date {
  const { subscribe, read } = tickerOf(everyMs);
  return useSyncExternalStore(subscribe, read);
}
