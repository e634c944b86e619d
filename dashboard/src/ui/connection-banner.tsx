import { notifyManager, type QueryClient, useQueryClient } from "@tanstack/react-query";
import { WifiOff } from "lucide-react";
import { useEffect, useSyncExternalStore } from "react";
import { noteAnswer, noteLost, useConnection } from "@/lib/connection";
import { formatDayAndMinute, formatMinute } from "@/lib/time";
import { useZone } from "@/lib/zone";

const PROBE_MS = 2_000;
const PROBE_WITHIN_MS = 5_000;

/** Whether the server is ready. One that takes the request and says nothing is not. */
async function isReady(): Promise<boolean> {
  try {
    const answer = await fetch("/readyz", { cache: "no-store", signal: AbortSignal.timeout(PROBE_WITHIN_MS) });
    return answer.ok;
  } catch {
    return false;
  }
}

/** Asks whether the server is back; then everything on the page is read again. */
function useReconnect(isLost: boolean): void {
  const client = useQueryClient();
  useEffect(() => {
    const offline = () => noteLost();
    window.addEventListener("offline", offline);
    return () => window.removeEventListener("offline", offline);
  }, []);
  useEffect(() => {
    if (!isLost) return;
    let isAsking = false;
    let isOver = false;
    const probe = async () => {
      // One question at a time: a browser has few connections for one server.
      if (isAsking) return;
      isAsking = true;
      const isBack = await isReady();
      isAsking = false;
      if (!isBack || isOver) return;
      noteAnswer();
      void client.invalidateQueries();
    };
    const timer = setInterval(probe, PROBE_MS);
    window.addEventListener("online", probe);
    return () => {
      isOver = true;
      clearInterval(timer);
      window.removeEventListener("online", probe);
    };
  }, [isLost, client]);
}

/** Queries that know who is signed in. They have no figures. */
const isAboutSession = (name: unknown) => String(name).startsWith("session");

/** When the oldest figure on the page was read, as milliseconds; 0 when there is none. */
function oldestFigures(client: QueryClient): number {
  const shown = client.getQueryCache().findAll({ type: "active" });
  const times = shown
    .filter(({ queryKey, state }) => state.data !== undefined && !isAboutSession(queryKey[0]))
    .map(({ state }) => state.dataUpdatedAt);
  return times.length > 0 ? Math.min(...times) : 0;
}

function useOldestFigures(): number {
  const client = useQueryClient();
  return useSyncExternalStore(
    (listener) => client.getQueryCache().subscribe(notifyManager.batchCalls(listener)),
    () => oldestFigures(client),
  );
}

/** Says that the server does not answer and how old the figures are. It goes away when the server answers again. */
export function ConnectionBanner() {
  const { isLost } = useConnection();
  useReconnect(isLost);
  return <div role="status">{isLost && <NotConnected />}</div>;
}

function NotConnected() {
  const readAt = useOldestFigures();
  useZone();
  return (
    <p className="flex items-center justify-center gap-2 bg-warn-soft px-4 py-2.5 text-center text-warn">
      <WifiOff className="size-4 shrink-0" aria-hidden />
      <span>
        Not connected.{readAt > 0 && ` Figures from ${timeOf(new Date(readAt))}.`}{" "}
        <span className="max-sm:sr-only">Reconnecting…</span>
      </span>
    </p>
  );
}

function timeOf(at: Date): string {
  const isFresh = Date.now() - at.getTime() < 12 * 3_600_000;
  return isFresh ? formatMinute(at) : formatDayAndMinute(at);
}
