// @vitest-environment jsdom
import { QueryClient, QueryClientProvider, useQuery } from "@tanstack/react-query";
import { act, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { whole } from "@/api/client";
import { connection, noteAnswer, noteLost } from "@/lib/connection";
import { ConnectionBanner } from "./connection-banner";

afterEach(() => {
  vi.unstubAllGlobals();
  act(noteAnswer);
});

const at = (clock: string) => new Date(`2026-10-09T${clock}:00+05:30`).getTime();

function Reader({ names }: { names: string[] }) {
  return names.map((name) => <One key={name} name={name} />);
}
function One({ name }: { name: string }) {
  useQuery({ queryKey: [name], queryFn: () => name, staleTime: Number.POSITIVE_INFINITY });
  return null;
}

test("the figures are as old as the oldest on the page, whatever else has been read", () => {
  vi.stubGlobal("fetch", () => new Promise(() => {}));
  vi.setSystemTime(at("22:00"));
  const queries = new QueryClient();
  queries.setQueryData(["me"], "me", { updatedAt: at("21:41") });
  queries.setQueryData(["payouts"], "payouts", { updatedAt: at("21:50") });
  // Neither on the page, nor a figure.
  queries.setQueryData(["ledger"], "ledger", { updatedAt: at("20:00") });
  queries.setQueryData(["session"], "session", { updatedAt: at("19:00") });
  render(
    <QueryClientProvider client={queries}>
      <ConnectionBanner />
      <Reader names={["me", "payouts", "session"]} />
    </QueryClientProvider>,
  );
  expect(screen.getByRole("status")).toBeEmptyDOMElement();
  act(noteLost);
  expect(screen.getByRole("status")).toHaveTextContent("Not connected. Figures from 21:41. Reconnecting…");
  vi.useRealTimers();
});

test.each([502, 503, 504])("an answer of %i is no connection", async (status) => {
  const response = new Response("Bad gateway", { status });
  await expect(whole(Promise.resolve({ response, error: "Bad gateway" }))).rejects.toThrow(`answered ${status}`);
  expect(connection().isLost).toBe(true);
});

test("a refusal is an answer", async () => {
  act(noteLost);
  const response = new Response("", { status: 404 });
  await expect(whole(Promise.resolve({ response, error: { detail: "No." } }))).rejects.toThrow("No.");
  expect(connection().isLost).toBe(false);
});
