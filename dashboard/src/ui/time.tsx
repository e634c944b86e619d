import { formatAgo, formatFull, formatStep, formatUntil } from "@/lib/time";
import { useNow } from "@/lib/use-now";
import { useZone } from "@/lib/zone";

/** How long ago; the exact time is the title. */
export function Ago({ at }: { at: string }) {
  const now = useNow(5000);
  useZone();
  const when = new Date(at);
  return (
    <time dateTime={at} title={formatFull(when)} className="whitespace-nowrap">
      {formatAgo(when, now)}
    </time>
  );
}

/** Counts down to a moment. Not announced at every second: it is text like any other. */
export function Countdown({ to }: { to: string }) {
  const now = useNow();
  const when = new Date(to);
  return (
    <time dateTime={to} title={formatFull(when)} className="tabular whitespace-nowrap">
      {formatUntil(when, now)}
    </time>
  );
}

/** The exact time, in the zone that the person chose. */
export function Moment({ at }: { at: string }) {
  useZone();
  return (
    <time dateTime={at} className="tabular">
      {formatFull(new Date(at))}
    </time>
  );
}

/** A step of a timeline: with its date, unless it is today's. */
export function StepTime({ at }: { at: string }) {
  const now = useNow(60_000);
  useZone();
  const when = new Date(at);
  return (
    <time dateTime={at} title={formatFull(when)} className="tabular">
      {formatStep(when, now)}
    </time>
  );
}
