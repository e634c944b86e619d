import type { PayoutTimeline } from "@/api/types";
import { lookOf, steps } from "@/lib/payout";
import { type Happening, happenings } from "@/lib/story";
import { Countdown, StepTime } from "@/ui/time";
import { Timeline, TimelineItem } from "@/ui/timeline";

interface StoryProps {
  story: PayoutTimeline;
  /** What else happened to it, such as an operator's decision. */
  also?: readonly Happening[];
}

/** What happened to a payout, and what comes next. The bank's raw messages are apart (`BankMessages`). */
export function Story({ story, also = [] }: StoryProps) {
  const all = [...happenings(story), ...also].sort((a, b) => a.at.localeCompare(b.at));
  return (
    <Timeline label="What happened to this payout">
      {all.map((happening) => (
        <TimelineItem
          key={happening.id}
          tone={happening.tone}
          title={happening.title}
          isOpen={happening.isUnderWay}
          when={<StepTime at={happening.at} />}
        >
          <Detail happening={happening} />
        </TimelineItem>
      ))}
      {story.next_step && (
        <TimelineItem
          tone={lookOf(story).tone}
          isOpen
          title={`Next: ${steps[story.next_step].next}`}
          when={story.next_step_at && <Countdown to={story.next_step_at} />}
        >
          {story.in_doubt && (
            <p className="mt-0.5 text-soft">
              In doubt since <StepTime at={story.in_doubt.since} />: {story.in_doubt.reason}
            </p>
          )}
        </TimelineItem>
      )}
    </Timeline>
  );
}

function Detail({ happening: { text, entry } }: { happening: Happening }) {
  return (
    <p className="mt-0.5 text-soft">
      {text}
      {entry !== null && <span className="text-faint"> · ledger entry {entry}</span>}
    </p>
  );
}
