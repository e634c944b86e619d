import { useQueryClient } from "@tanstack/react-query";
import { WifiOff } from "lucide-react";
import { useEffect } from "react";
import { noteAnswer, noteLost, useConnection } from "@/lib/connection";
import { formatDayAndMinute, formatMinute } from "@/lib/time";

const PROBE_MS = 2_000;

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
    const probe = async () => {
      const answer = await fetch("/healthz", { cache: "no-store" }).catch(() => null);
      if (!answer?.ok) return;
      noteAnswer();
      void client.invalidateQueries();
    };
    const timer = setInterval(probe, PROBE_MS);
    window.addEventListener("online", probe);
    return () => {
      clearInterval(timer);
      window.removeEventListener("online", probe);
    };
  }, [isLost, client]);
}

/** Says that the server does not answer and how old the figures are. It goes by itself. */
export function ConnectionBanner() {
  const { isLost, answeredAt } = useConnection();
  useReconnect(isLost);
  return (
    <div role="status">
      {isLost && (
        <p className="flex items-center justify-center gap-2 bg-warn-soft px-4 py-2.5 text-center text-warn">
          <WifiOff className="size-4 shrink-0" aria-hidden />
          <span>
            Not connected.{answeredAt && ` Figures from ${timeOf(answeredAt)}.`}{" "}
            <span className="max-sm:sr-only">Reconnecting…</span>
          </span>
        </p>
      )}
    </div>
  );
}

function timeOf(at: Date): string {
  const isFresh = Date.now() - at.getTime() < 12 * 3_600_000;
  return isFresh ? formatMinute(at) : formatDayAndMinute(at);
}
