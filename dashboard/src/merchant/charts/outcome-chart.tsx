import { scaleBand, scaleLinear } from "@visx/scale";
import { useState } from "react";
import type { OutcomeDay, Status } from "@/api/types";
import { formatPaise } from "@/lib/money";
import { statuses } from "@/lib/payout";
import { formatUtcDay, formatUtcDayLong } from "@/lib/time";
import { Dot, type Tone } from "@/ui/badge";
import { useWidth } from "@/ui/use-width";
import { AsTable, GridLines, HEIGHT, Hint, Label, MARGIN } from "./frame";

/** From the bottom of a bar to its top. */
const ORDER: readonly Status[] = ["completed", "returned", "processing", "pending", "cancelled", "failed"];

const fills: Record<Tone, string> = {
  neutral: "fill-edge",
  good: "fill-good-mark",
  bad: "fill-bad-mark",
  warn: "fill-warn-mark",
  info: "fill-info-mark",
  odd: "fill-odd-mark",
  accent: "fill-accent",
};

const countOf = (day: OutcomeDay) => ORDER.reduce((sum, status) => sum + day[status], 0);
const totalOf = (days: readonly OutcomeDay[], status: Status) => days.reduce((sum, day) => sum + day[status], 0);

/** Payouts by the day they were asked for and where they stand now. */
export function OutcomeChart({ outcomes }: { outcomes: readonly OutcomeDay[] }) {
  const [frame, width] = useWidth<HTMLDivElement>();
  return (
    <div>
      <div ref={frame} className="relative" style={{ height: HEIGHT }}>
        {width > 0 && <Drawing outcomes={outcomes} width={width} />}
      </div>
      <ul className="mt-2 flex flex-wrap gap-x-4 gap-y-1 text-[0.8125rem] text-soft">
        {ORDER.map((status) => ({ status, total: totalOf(outcomes, status) }))
          .filter(({ total }) => total > 0)
          .map(({ status, total }) => (
            <li key={status} className="flex items-center gap-1.5">
              <Dot tone={statuses[status].tone} />
              {statuses[status].name}{" "}
              <span className="tabular font-medium text-ink">{total.toLocaleString("en-IN")}</span>
            </li>
          ))}
      </ul>
      <AsTable
        caption="Payouts by day and outcome"
        head={["Day (UTC)", ...ORDER.map((status) => statuses[status].name), "Paid"]}
        rows={outcomes
          .filter((day) => countOf(day) > 0)
          .toReversed()
          .map((day) => ({
            key: day.date,
            cells: [formatUtcDay(day.date), ...ORDER.map((status) => day[status]), formatPaise(day.paid_paise)],
          }))}
      />
    </div>
  );
}

function Drawing({ outcomes, width }: { outcomes: readonly OutcomeDay[]; width: number }) {
  const [pointed, setPointed] = useState<OutcomeDay | null>(null);
  const right = width - MARGIN.right;
  const bottom = HEIGHT - MARGIN.bottom;
  const highest = Math.max(4, ...outcomes.map(countOf));
  const x = scaleBand({ domain: outcomes.map(({ date }) => date), range: [MARGIN.left, right], padding: 0.25 });
  const y = scaleLinear({ domain: [0, highest], range: [bottom, MARGIN.top], nice: 4 });
  const middle = (date: string) => (x(date) ?? 0) + x.bandwidth() / 2;
  const named = [outcomes[0], outcomes[Math.floor(outcomes.length / 2)], outcomes.at(-1)];
  const anchors = ["start", "middle", "end"] as const;
  const all = outcomes.reduce((sum, day) => sum + countOf(day), 0);
  const parts = ORDER.map((status) => `${totalOf(outcomes, status)} ${statuses[status].name.toLowerCase()}`);

  return (
    <>
      <svg
        width={width}
        height={HEIGHT}
        role="img"
        aria-label={`${all} payouts in ${outcomes.length} days: ${parts.join(", ")}.`}
        className="block"
        onPointerLeave={() => setPointed(null)}
      >
        <GridLines ticks={y.ticks(4).filter(Number.isInteger)} y={(value) => y(value)} right={right} format={String} />
        {outcomes.map((day) => (
          <Bar
            key={day.date}
            day={day}
            x={middle(day.date)}
            width={Math.min(x.bandwidth(), 28)}
            y={(value) => y(value)}
          />
        ))}
        {named.map(
          (day, index) =>
            day && (
              <Label
                key={anchors[index]}
                x={[MARGIN.left, (MARGIN.left + right) / 2, right][index] ?? 0}
                y={HEIGHT - 6}
                anchor={anchors[index] ?? "middle"}
              >
                {index === 2 ? "Today" : formatUtcDay(day.date)}
              </Label>
            ),
        )}
        {outcomes.map((day) => (
          <rect
            key={day.date}
            x={middle(day.date) - x.step() / 2}
            y={0}
            width={x.step()}
            height={bottom}
            fill="transparent"
            onPointerEnter={() => setPointed(countOf(day) > 0 ? day : null)}
          />
        ))}
      </svg>
      {pointed && (
        <Hint x={middle(pointed.date)} width={width}>
          <p className="text-faint">{formatUtcDayLong(pointed.date)}</p>
          {ORDER.filter((status) => pointed[status] > 0).map((status) => (
            <p key={status} className="tabular mt-0.5 flex items-center gap-2">
              <Dot tone={statuses[status].tone} /> {statuses[status].name}
              <strong className="ml-auto font-semibold">{pointed[status]}</strong>
            </p>
          ))}
          <p className="tabular mt-1 flex justify-between gap-4 border-line border-t pt-1">
            Paid <strong className="font-semibold">{formatPaise(pointed.paid_paise)}</strong>
          </p>
        </Hint>
      )}
    </>
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
  return ORDER.filter((status) => day[status] > 0).map((status) => {
    const base = y(below);
    below += day[status];
    const top = y(below);
    return (
      <rect
        key={status}
        x={x - width / 2}
        y={top}
        width={width}
        // A hair's breadth between the parts, so that they are told apart without their colours.
        height={Math.max(1, base - top - 1)}
        rx={Math.min(2, width / 4)}
        className={fills[statuses[status].tone]}
      />
    );
  });
}
