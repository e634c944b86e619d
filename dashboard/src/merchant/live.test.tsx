// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { renderHook, waitFor } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import type { EventKind } from "@/api/types";
import document from "../../../docs/openapi.json";
import { useLive, watchPayouts } from "./live";

class FakeEventSource extends EventTarget {
  static opened: FakeEventSource | null = null;
  onopen = null;
  onerror = null;
  constructor(readonly url: string) {
    super();
    FakeEventSource.opened = this;
  }
  close() {}
}

const kinds = document.components.schemas.Event.properties.kind.enum as EventKind[];

test.each(kinds)("%s has the page read again what it shows", async (kind) => {
  vi.stubGlobal("EventSource", FakeEventSource);
  const client = new QueryClient();
  const read = vi.spyOn(client, "invalidateQueries");
  const changed = vi.fn();
  const unwatch = watchPayouts(changed);
  const { unmount } = renderHook(() => useLive(), {
    wrapper: ({ children }) => <QueryClientProvider client={client}>{children}</QueryClientProvider>,
  });
  expect(read).not.toHaveBeenCalled();
  const isAboutPayout = kind !== "balance.funded";
  const data = JSON.stringify({ number: 1, kind, payout_id: isAboutPayout ? "p1" : null, created_at: "" });
  FakeEventSource.opened?.dispatchEvent(new MessageEvent(kind, { data }));
  await waitFor(() => expect(read).toHaveBeenCalled());
  expect(changed.mock.calls).toEqual(isAboutPayout ? [["p1"]] : []);
  unmount();
  unwatch();
});

test("a stream without a sign of life is opened again, after the last event that was seen", () => {
  vi.useFakeTimers();
  vi.stubGlobal("EventSource", FakeEventSource);
  const { unmount } = renderHook(() => useLive(), {
    wrapper: ({ children }) => <QueryClientProvider client={new QueryClient()}>{children}</QueryClientProvider>,
  });
  const first = FakeEventSource.opened;
  expect(first?.url).toBe("/api/v1/events/stream");
  vi.advanceTimersByTime(30_000);
  first?.dispatchEvent(new MessageEvent("ready", { data: '{"number":41}', lastEventId: "41" }));
  vi.advanceTimersByTime(30_000);
  first?.dispatchEvent(new MessageEvent("alive", { data: "{}", lastEventId: "41" }));
  vi.advanceTimersByTime(30_000);
  expect(FakeEventSource.opened).toBe(first);
  vi.advanceTimersByTime(15_000);
  expect(FakeEventSource.opened).not.toBe(first);
  expect(FakeEventSource.opened?.url).toBe("/api/v1/events/stream?after=41");
  unmount();
  vi.useRealTimers();
});
