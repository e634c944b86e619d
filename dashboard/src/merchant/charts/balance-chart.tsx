import { curveStepAfter } from "@visx/curve";
import { scaleLinear, scaleTime } from "@visx/scale";
import { Area, LinePath } from "@visx/shape";
import { type PointerEvent, useState } from "react";
import type { BalancePoint } from "@/api/types";
import { formatPaise, formatShort } from "@/lib/money";
import { formatDay, formatFull, formatMinute } from "@/lib/time";
import { Dot } from "@/ui/badge";
import { useWidth } from "@/ui/use-width";
import { type Course, courseOf, indexAt } from "./course";
import { AsTable, axisWidth, GridLines, HEIGHT, Hint, Label, MARGIN, Walkable } from "./frame";

/** The balance over time: what is available, and what is held on top of it. */
export function BalanceChart({ balance, now }: { balance: readonly BalancePoint[]; now: Date }) {
  const [frame, width] = useWidth<HTMLDivElement>();
  const [pointed, setPointed] = useState<number | null>(null);
  const course = courseOf(balance, now);
  const last = course.at(-1);

  return (
    <div>
      <div ref={frame}>
        <Walkable
          label="Balance over time"
          count={course.length}
          pointed={pointed}
          onPoint={setPointed}
          say={(index) => say(course[index] ?? last)}
          height={HEIGHT}
        >
          {width > 0 && last && <Drawing course={course} width={width} pointed={pointed} onPoint={setPointed} />}
        </Walkable>
      </div>
      <Legend />
      <AsTable
        caption="Balance over time"
        head={["When", "Available", "Held", "Total"]}
        rows={course.map((point, index) => ({
          key: `${point.at.getTime()}-${index}`,
          cells: [
            formatFull(point.at),
            formatPaise(point.available),
            formatPaise(point.held),
            formatPaise(point.available + point.held),
          ],
        }))}
      />
    </div>
  );
}

const say = (point: Course[number] | undefined): string =>
  point ? `${formatFull(point.at)}: ${formatPaise(point.available)} available, ${formatPaise(point.held)} held` : "";

function Legend() {
  return (
    <ul className="mt-2 flex gap-4 text-[0.8125rem] text-soft">
      <li className="flex items-center gap-1.5">
        <Dot tone="accent" /> Available
      </li>
      <li className="flex items-center gap-1.5">
        <Dot tone="warn" /> Held
      </li>
    </ul>
  );
}

interface DrawingProps {
  course: Course;
  width: number;
  pointed: number | null;
  onPoint: (index: number | null) => void;
}

function Drawing({ course, width, pointed, onPoint }: DrawingProps) {
  const right = width - MARGIN.right;
  const bottom = HEIGHT - MARGIN.bottom;
  const first = course[0]?.at ?? new Date();
  const end = course.at(-1)?.at ?? first;
  const highest = Math.max(1, ...course.map(({ available, held }) => available + held));
  const y = scaleLinear({ domain: [0, highest], range: [bottom, MARGIN.top], nice: 4 });
  const ticks = y.ticks(4);
  const left = axisWidth(ticks.map(formatShort));
  const x = scaleTime({ domain: [first, end], range: [left, right] });
  const isOneDay = end.getTime() - first.getTime() < 36 * 3_600_000;
  const name = (at: Date) => (isOneDay ? formatMinute(at) : formatDay(at).replace(/ \d{4}$/, ""));
  const point = pointed === null ? undefined : course[pointed];

  const follow = (event: PointerEvent<SVGRectElement>) => {
    const box = event.currentTarget.ownerSVGElement?.getBoundingClientRect();
    if (box) onPoint(indexAt(course, x.invert(event.clientX - box.left)));
  };
  const shape = { data: [...course], x: (d: Course[number]) => x(d.at), curve: curveStepAfter };
  const summary = `Balance from ${formatFull(first)} to ${formatFull(end)}. Now: ${formatPaise(
    course.at(-1)?.available ?? 0,
  )} available, ${formatPaise(course.at(-1)?.held ?? 0)} held.`;

  return (
    <>
      <svg width={width} height={HEIGHT} role="img" aria-label={summary} className="block">
        <GridLines ticks={ticks} y={(value) => y(value)} left={left} right={right} format={formatShort} />
        <Area {...shape} y0={bottom} y1={(d) => y(d.available)} className="fill-accent opacity-15" />
        <Area
          {...shape}
          y0={(d) => y(d.available)}
          y1={(d) => y(d.available + d.held)}
          className="fill-warn-mark opacity-35"
        />
        <LinePath {...shape} y={(d) => y(d.available)} className="stroke-accent" strokeWidth={2} fill="none" />
        <Label x={left} y={HEIGHT - 6} anchor="start">
          {name(first)}
        </Label>
        <Label x={(left + right) / 2} y={HEIGHT - 6} anchor="middle">
          {name(new Date((first.getTime() + end.getTime()) / 2))}
        </Label>
        <Label x={right} y={HEIGHT - 6} anchor="end">
          Now
        </Label>
        {point && (
          <g aria-hidden>
            <line x1={x(point.at)} x2={x(point.at)} y1={MARGIN.top} y2={bottom} className="stroke-edge" />
            <circle
              cx={x(point.at)}
              cy={y(point.available)}
              r={4}
              className="fill-accent stroke-surface"
              strokeWidth={2}
            />
          </g>
        )}
        <rect
          x={left}
          y={0}
          width={Math.max(0, right - left)}
          height={bottom}
          fill="transparent"
          onPointerMove={follow}
          onPointerDown={follow}
        />
      </svg>
      {point && (
        <Hint x={x(point.at)} width={width}>
          <p className="text-faint">{formatFull(point.at)}</p>
          <p className="tabular mt-1 flex justify-between gap-4">
            Available <strong className="font-semibold">{formatPaise(point.available)}</strong>
          </p>
          <p className="tabular flex justify-between gap-4">
            Held <strong className="font-semibold">{formatPaise(point.held)}</strong>
          </p>
        </Hint>
      )}
    </>
  );
}
