import { OctagonAlert } from "lucide-react";
import type { Alarm } from "../alarms";

/** What an operator has to act on now, above everything else. */
export const AlarmList = ({ alarms }: { alarms: readonly Alarm[] }) => (
  <>
    {/* Each alarm is read out once. Its counts and ages change all the time, and would be read out each time. */}
    <div role="alert" className="sr-only">
      {alarms.map(({ id, name }) => (
        <p key={id}>{name}.</p>
      ))}
    </div>
    <div className="grid gap-3 empty:hidden">
      {alarms.map(({ id, title, why, what }) => (
        <section
          key={id}
          className="flex gap-3 rounded-box border border-bad-mark bg-bad-soft px-5 py-4"
          data-alarm={id}
        >
          <OctagonAlert className="mt-0.5 size-5 shrink-0 text-bad" aria-hidden />
          <div className="min-w-0">
            <h2 className="font-semibold text-bad">{title}</h2>
            <p className="mt-1">{why}</p>
            <p className="mt-1">{what}</p>
          </div>
        </section>
      ))}
    </div>
  </>
);
