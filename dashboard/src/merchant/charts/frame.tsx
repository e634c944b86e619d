import type { KeyboardEvent, ReactNode } from "react";
import { cn } from "@/ui/cn";
import { type Column, Table } from "@/ui/table";

export const MARGIN = { top: 10, right: 4, bottom: 26 };

/** How wide a figure of the axis is, at the most, in pixels; and its distance from the lines. */
const FIGURE = 7;
const GAP = 8;

/** The room that the axis needs for its longest label: no figure is cut off. */
export const axisWidth = (labels: readonly string[]): number =>
  Math.max(24, ...labels.map((label) => label.length * FIGURE)) + GAP;
export const HEIGHT = 220;

export const Label = ({ x, y, anchor, children }: LabelProps) => (
  <text x={x} y={y} textAnchor={anchor} className="tabular fill-faint text-[11px]">
    {children}
  </text>
);

interface LabelProps {
  x: number;
  y: number;
  anchor: "start" | "middle" | "end";
  children: ReactNode;
}

/** Lines across, each with its value at the left. */
export function GridLines({ ticks, y, left, right, format }: GridProps) {
  return ticks.map((tick) => (
    <g key={tick}>
      <line
        x1={left}
        x2={right}
        y1={y(tick)}
        y2={y(tick)}
        className="stroke-line"
        strokeDasharray={tick ? "3 4" : ""}
      />
      <Label x={left - GAP} y={y(tick) + 4} anchor="end">
        {format(tick)}
      </Label>
    </g>
  ));
}

interface GridProps {
  ticks: readonly number[];
  y: (value: number) => number;
  left: number;
  right: number;
  format: (value: number) => string;
}

/** What a pointer is over, in words. It follows the pointer and stays within the chart. */
export function Hint({ x, width, children }: { x: number; width: number; children: ReactNode }) {
  const isRight = x > width / 2;
  return (
    <div
      className={cn(
        "pointer-events-none absolute top-1 z-10 min-w-40 rounded-lg bg-raised px-3 py-2 text-xs shadow-float",
        isRight ? "-translate-x-full -ml-3" : "ml-3",
      )}
      style={{ left: x }}
      aria-hidden
    >
      {children}
    </div>
  );
}

/** The chart's figures for whoever cannot see it or wants them exactly. No column is hidden at any width. */
export function AsTable({ caption, head, rows }: AsTableProps) {
  const columns: Column<AsTableRow>[] = head.map((name, index) => ({
    name,
    align: index > 0 ? "end" : "start",
    ...(index === 0 && { phone: "title" as const }),
    cell: (row) => <span className="tabular whitespace-nowrap">{row.cells[index]}</span>,
  }));
  return (
    <details className="mt-3 text-[0.8125rem]">
      <summary className="w-fit cursor-pointer rounded text-faint hover:text-ink">Show as a table</summary>
      <section
        className="mt-2 max-h-80 overflow-y-auto rounded-lg border border-line"
        aria-label={caption}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
        tabIndex={0}
      >
        <Table caption={caption} columns={columns} rows={rows} rowKey={({ key }) => key} isDense />
      </section>
    </details>
  );
}

interface AsTableRow {
  key: string;
  cells: readonly ReactNode[];
}

interface AsTableProps {
  caption: string;
  head: readonly string[];
  rows: readonly AsTableRow[];
}

interface PointerProps {
  /** What the chart shows, in a sentence. */
  label: string;
  count: number;
  pointed: number | null;
  onPoint: (index: number | null) => void;
  /** The point in words. */
  say: (index: number) => string;
  height: number;
  children: ReactNode;
}

/** A chart that arrow keys walk through, point by point; each is read out. Home and End go to its ends. */
export function Walkable({ label, count, pointed, onPoint, say, height, children }: PointerProps) {
  const walk = (event: KeyboardEvent) => {
    const now = pointed ?? count - 1;
    const steps: Record<string, number> = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: count - 1 };
    if (event.key === "Escape") return onPoint(null);
    const next = steps[event.key];
    if (next === undefined) return;
    event.preventDefault();
    onPoint(Math.min(count - 1, Math.max(0, next)));
  };
  return (
    <div
      role="slider"
      aria-label={label}
      aria-orientation="horizontal"
      aria-valuemin={0}
      aria-valuemax={Math.max(0, count - 1)}
      aria-valuenow={pointed ?? count - 1}
      aria-valuetext={count > 0 ? say(pointed ?? count - 1) : ""}
      aria-readonly
      tabIndex={0}
      className="relative rounded"
      style={{ height }}
      onKeyDown={walk}
      onFocus={(event) => event.currentTarget.matches(":focus-visible") && onPoint(pointed ?? count - 1)}
      onBlur={() => onPoint(null)}
      onPointerLeave={() => onPoint(null)}
    >
      {children}
    </div>
  );
}
