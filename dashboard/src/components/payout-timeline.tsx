import type { PayoutTimeline } from "@/api/types";
import { Countdown, StepTime } from "@/ui/time";
import { Timeline, TimelineItem } from "@/ui/timeline";
import { lookOf, steps } from "./payout-words";
import { type TimelineEntry, timelineEntries } from "./timeline-entries";

interface PayoutTimelineProps {
  payout: PayoutTimeline;
  /** What else happened to it, such as an operator's decision. */
  also?: readonly TimelineEntry[];
}

/** What happened to a payout, and what comes next. The bank's raw messages are apart (`BankMessages`). */
export function PayoutTimelineView({ payout, also = [] }: PayoutTimelineProps) {
  const all = [...timelineEntries(payout), ...also].sort((a, b) => a.at.localeCompare(b.at));
  return (
    <Timeline label="Timeline of this payout">
      {all.map((entry) => (
        <TimelineItem
          key={entry.id}
          tone={entry.tone}
          title={entry.title}
          isOpen={entry.isInProgress}
          when={<StepTime at={entry.at} />}
        >
          <Detail entry={entry} />
        </TimelineItem>
      ))}
      {payout.next_step && (
        <TimelineItem
          tone={lookOf(payout).tone}
          isOpen
          title={`Next: ${steps[payout.next_step].next}`}
          when={payout.next_step_at && <Countdown to={payout.next_step_at} />}
        >
          {payout.in_doubt && (
            <p className="mt-0.5 text-soft">
              In doubt since <StepTime at={payout.in_doubt.since} />: {payout.in_doubt.reason}
            </p>
          )}
        </TimelineItem>
      )}
    </Timeline>
  );
}

function Detail({ entry: { text, entry: number } }: { entry: TimelineEntry }) {
  return (
    <p className="mt-0.5 text-soft">
      {text}
      {number !== null && <span className="text-faint"> · ledger entry {number}</span>}
    </p>
  );
}
