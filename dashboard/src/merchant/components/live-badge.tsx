import { cn } from "@/ui/cn";
import { Tooltip } from "@/ui/tooltip";
import type { LiveState } from "../live";

const words: Record<LiveState, { name: string; mark: string; meaning: string }> = {
  live: { name: "Live", mark: "bg-good-mark animate-beat", meaning: "Changes show as they happen." },
  polling: {
    name: "Every 3 s",
    mark: "bg-warn-mark",
    meaning: "The live line is down: the page asks every three seconds.",
  },
  offline: { name: "Offline", mark: "bg-bad-mark", meaning: "There is no connection. What you see may be old." },
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
