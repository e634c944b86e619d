import type { PayoutStory } from "@/api/types";
import { lookOf, steps } from "@/lib/payout";
import { type Happening, happenings } from "@/lib/story";
import { formatClock } from "@/lib/time";
import { Countdown } from "@/ui/time";
import { Timeline, TimelineItem } from "@/ui/timeline";

interface StoryProps {
  story: PayoutStory;
  /** What else happened to it, such as an operator's decision. */
  also?: readonly Happening[];
}

/** A payout's life: what happened, what the bank said, and what comes next. */
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
          when={<When at={happening.at} />}
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
              In doubt since <When at={story.in_doubt.since} />: {story.in_doubt.reason}
            </p>
          )}
        </TimelineItem>
      )}
    </Timeline>
  );
}

function When({ at }: { at: string }) {
  return (
    <time dateTime={at} title={at} className="tabular">
      {formatClock(new Date(at))}
    </time>
  );
}

function Detail({ happening: { text, entry, wire } }: { happening: Happening }) {
  return (
    <>
      <p className="mt-0.5 text-soft">
        {text}
        {entry !== null && <span className="text-faint"> · ledger entry {entry}</span>}
      </p>
      {wire && (
        <details className="mt-1.5">
          <summary className="w-fit cursor-pointer rounded text-[0.8125rem] text-faint hover:text-ink">
            What was said
          </summary>
          <dl className="mt-1.5 grid gap-1.5 rounded-lg bg-sunken p-3 font-mono text-xs">
            {wire.sent && <Letters name="sent" text={wire.sent} />}
            {wire.received && <Letters name="received" text={wire.received} />}
          </dl>
        </details>
      )}
    </>
  );
}

function Letters({ name, text }: { name: string; text: string }) {
  return (
    <div>
      <dt className="font-sans text-faint">{name}</dt>
      <dd className="whitespace-pre-wrap break-all">{text}</dd>
    </div>
  );
}
