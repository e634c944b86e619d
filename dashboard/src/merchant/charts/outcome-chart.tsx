import { scaleBand, scaleLinear } from "@visx/scale";
import { useState } from "react";
import type { OutcomeDay, Status } from "@/api/types";
import { inDoubt, statuses } from "@/components/payout-words";
import { formatPaise } from "@/lib/money";
import { formatDate, formatDateLong } from "@/lib/time";
import { Dot, type Tone } from "@/ui/badge";
import { useWidth } from "@/ui/use-width";
import { AsTable, axisWidth, GridLines, HEIGHT, Hint, Label, MARGIN, Walkable } from "./frame";

/** A payout in doubt is counted apart: it needs another eye than one that is simply on its way. */
type Outcome = Status | "in_doubt";

/** From the bottom of a bar to its top. */
const ORDER: readonly Outcome[] = ["completed", "returned", "processing", "in_doubt", "pending", "cancelled", "failed"];

const lookOfOutcome = (outcome: Outcome) => (outcome === "in_doubt" ? inDoubt : statuses[outcome]);

const fills: Record<Tone, string> = {
  neutral: "fill-edge",
  good: "fill-good-mark",
  bad: "fill-bad-mark",
  warn: "fill-warn-mark",
  info: "fill-info-mark",
  odd: "fill-odd-mark",
  accent: "fill-accent",
};

const countOf = (day: OutcomeDay) => ORDER.reduce((sum, outcome) => sum + day[outcome], 0);
const totalOf = (days: readonly OutcomeDay[], outcome: Outcome) => days.reduce((sum, day) => sum + day[outcome], 0);

function say(day: OutcomeDay | undefined): string {
  if (!day) return "";
  const parts = ORDER.filter((outcome) => day[outcome] > 0).map(
    (outcome) => `${day[outcome]} ${lookOfOutcome(outcome).name.toLowerCase()}`,
  );
  return `${formatDateLong(day.date)}: ${parts.join(", ") || "no payouts"}; ${formatPaise(day.paid_paise)} paid`;
}

/** Payouts by the day they were requested and where they stand now. */
export function OutcomeChart({ outcomes }: { outcomes: readonly OutcomeDay[] }) {
  const [frame, width] = useWidth<HTMLDivElement>();
  const [pointed, setPointed] = useState<number | null>(null);
  const present = ORDER.filter((outcome) => totalOf(outcomes, outcome) > 0);
  return (
    <div>
      <div ref={frame}>
        <Walkable
          label="Payouts by day and outcome"
          count={outcomes.length}
          pointed={pointed}
          onPoint={setPointed}
          say={(index) => say(outcomes[index])}
          height={HEIGHT}
        >
          {width > 0 && <Drawing outcomes={outcomes} width={width} pointed={pointed} onPoint={setPointed} />}
        </Walkable>
      </div>
      <ul className="mt-2 flex flex-wrap gap-x-4 gap-y-1 text-[0.8125rem] text-soft">
        {present.map((outcome) => (
          <li key={outcome} className="flex items-center gap-1.5">
            <Dot tone={lookOfOutcome(outcome).tone} />
            {lookOfOutcome(outcome).name}{" "}
            <span className="tabular font-medium text-ink">{totalOf(outcomes, outcome).toLocaleString("en-IN")}</span>
          </li>
        ))}
      </ul>
      <AsTable
        caption="Payouts by day and outcome"
        head={["Day", ...present.map((outcome) => lookOfOutcome(outcome).name), "Paid"]}
        rows={outcomes
          .filter((day) => countOf(day) > 0)
          .toReversed()
          .map((day) => ({
            key: day.date,
            cells: [formatDate(day.date), ...present.map((outcome) => day[outcome]), formatPaise(day.paid_paise)],
          }))}
      />
    </div>
  );
}

interface DrawingProps {
  outcomes: readonly OutcomeDay[];
  width: number;
  pointed: number | null;
  onPoint: (index: number | null) => void;
}

function Drawing({ outcomes, width, pointed, onPoint }: DrawingProps) {
  const right = width - MARGIN.right;
  const bottom = HEIGHT - MARGIN.bottom;
  const y = scaleLinear({ domain: [0, Math.max(4, ...outcomes.map(countOf))], range: [bottom, MARGIN.top], nice: 4 });
  const ticks = y.ticks(4).filter(Number.isInteger);
  const count = (value: number) => value.toLocaleString("en-IN");
  const left = axisWidth(ticks.map(count));
  const x = scaleBand({ domain: outcomes.map(({ date }) => date), range: [left, right], padding: 0.25 });
  const middle = (date: string) => (x(date) ?? 0) + x.bandwidth() / 2;
  const all = outcomes.reduce((sum, day) => sum + countOf(day), 0);
  const parts = ORDER.map((outcome) => `${totalOf(outcomes, outcome)} ${lookOfOutcome(outcome).name.toLowerCase()}`);
  const day = pointed === null ? undefined : outcomes[pointed];

  return (
    <>
      <svg
        width={width}
        height={HEIGHT}
        role="img"
        aria-label={`${all} payouts in ${outcomes.length} days: ${parts.join(", ")}.`}
        className="block"
      >
        <GridLines ticks={ticks} y={(value) => y(value)} left={left} right={right} format={count} />
        {day && (
          <rect
            x={middle(day.date) - x.step() / 2}
            y={MARGIN.top}
            width={x.step()}
            height={bottom - MARGIN.top}
            className="fill-sunken"
            aria-hidden
          />
        )}
        {outcomes.map((each) => (
          <Bar
            key={each.date}
            day={each}
            x={middle(each.date)}
            width={Math.min(x.bandwidth(), 28)}
            y={(value) => y(value)}
          />
        ))}
        <Days outcomes={outcomes} left={left} right={right} />
        {outcomes.map((each, index) => (
          <rect
            key={each.date}
            x={middle(each.date) - x.step() / 2}
            y={0}
            width={x.step()}
            height={bottom}
            fill="transparent"
            onPointerEnter={() => onPoint(countOf(each) > 0 ? index : null)}
          />
        ))}
      </svg>
      {day && (
        <Hint x={middle(day.date)} width={width}>
          <p className="text-faint">{formatDateLong(day.date)}</p>
          {ORDER.filter((outcome) => day[outcome] > 0).map((outcome) => (
            <p key={outcome} className="tabular mt-0.5 flex items-center gap-2">
              <Dot tone={lookOfOutcome(outcome).tone} /> {lookOfOutcome(outcome).name}
              <strong className="ml-auto font-semibold">{day[outcome]}</strong>
            </p>
          ))}
          <p className="tabular mt-1 flex justify-between gap-4 border-line border-t pt-1">
            Paid <strong className="font-semibold">{formatPaise(day.paid_paise)}</strong>
          </p>
        </Hint>
      )}
    </>
  );
}

/** The first day, the one in the middle, and today. */
function Days({ outcomes, left, right }: { outcomes: readonly OutcomeDay[]; left: number; right: number }) {
  const named = [
    { day: outcomes[0], x: left, anchor: "start" },
    { day: outcomes[Math.floor(outcomes.length / 2)], x: (left + right) / 2, anchor: "middle" },
    { day: outcomes.at(-1), x: right, anchor: "end" },
  ] as const;
  return named.map(
    ({ day, x, anchor }) =>
      day && (
        <Label key={anchor} x={x} y={HEIGHT - 6} anchor={anchor}>
          {anchor === "end" ? "Today" : formatDate(day.date)}
        </Label>
      ),
  );
}

interface BarProps {
  day: OutcomeDay;
  x: number;
  width: number;
  y: (count: number) => number;
}

function Bar({ day, x, width, y }: BarProps) {
  let below = 0;
  return ORDER.filter((outcome) => day[outcome] > 0).map((outcome) => {
    const base = y(below);
    below += day[outcome];
    const top = y(below);
    return (
      <rect
        key={outcome}
        x={x - width / 2}
        y={top}
        width={width}
        // One pixel between the parts, so that they can be told apart without their colours.
        height={Math.max(1, base - top - 1)}
        rx={Math.min(2, width / 4)}
        className={fills[lookOfOutcome(outcome).tone]}
      />
    );
  });
}
