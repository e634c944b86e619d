import { cn } from "@/ui/cn";
import { Tooltip } from "@/ui/tooltip";
import type { LiveState } from "../live";

const words: Record<LiveState, { name: string; mark: string; meaning: string }> = {
  live: { name: "Live", mark: "bg-good-mark animate-beat", meaning: "Changes appear as they happen." },
  polling: {
    name: "Reconnecting…",
    mark: "bg-warn-mark",
    meaning: "Live updates are interrupted. Until they are back, the page is refreshed every three seconds.",
  },
  offline: {
    name: "Not connected",
    mark: "bg-bad-mark",
    meaning: "The server does not answer. What you see may be old.",
  },
};

export function LiveBadge({ state }: { state: LiveState }) {
  const { name, mark, meaning } = words[state];
  return (
    <Tooltip text={meaning}>
      <span
        role="status"
        aria-label={`Updates: ${name}`}
        data-live={state}
        className="inline-flex h-8 items-center gap-2 rounded-full px-2 font-medium text-soft text-xs"
      >
        <span className={cn("size-2 rounded-full", mark)} aria-hidden />
        <span className="max-sm:sr-only">{name}</span>
      </span>
    </Tooltip>
  );
}
