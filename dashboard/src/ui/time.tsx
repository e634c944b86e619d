import { formatAgo, formatFull, formatUntil } from "@/lib/time";
import { useNow } from "@/lib/use-now";

/** How long ago; the exact time is the title. */
export function Ago({ at }: { at: string }) {
  const now = useNow(5000);
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

/** The exact moment, where the reader is. */
export const Moment = ({ at }: { at: string }) => (
  <time dateTime={at} title={at} className="tabular">
    {formatFull(new Date(at))}
  </time>
);
