import type { ReactNode } from "react";
import { cn } from "@/ui/cn";

export const MARGIN = { top: 10, right: 4, bottom: 26, left: 46 };
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
export function GridLines({ ticks, y, right, format }: GridProps) {
  return ticks.map((tick) => (
    <g key={tick}>
      <line
        x1={MARGIN.left}
        x2={right}
        y1={y(tick)}
        y2={y(tick)}
        className="stroke-line"
        strokeDasharray={tick ? "3 4" : ""}
      />
      <Label x={MARGIN.left - 8} y={y(tick) + 4} anchor="end">
        {format(tick)}
      </Label>
    </g>
  ));
}

interface GridProps {
  ticks: readonly number[];
  y: (value: number) => number;
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

/** The chart's figures for whoever cannot see it or wants them exactly. */
export function AsTable({ caption, head, rows }: AsTableProps) {
  return (
    <details className="mt-3 text-[0.8125rem]">
      <summary className="w-fit cursor-pointer rounded text-faint hover:text-ink">Show as a table</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard. */}
      <section className="mt-2 max-h-64 overflow-auto rounded-lg border border-line" aria-label={caption} tabIndex={0}>
        <table className="tabular w-full">
          <caption className="sr-only">{caption}</caption>
          <thead className="sticky top-0 bg-sunken text-soft">
            <tr>
              {head.map((name, index) => (
                <th
                  key={name}
                  scope="col"
                  className={cn("px-3 py-1.5 font-medium", index ? "text-right" : "text-left")}
                >
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody className="divide-y divide-line">
            {rows.map((row) => (
              <tr key={row.key}>
                {row.cells.map((cell, index) => (
                  <td key={head[index]} className={cn("whitespace-nowrap px-3 py-1.5", index > 0 && "text-right")}>
                    {cell}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </details>
  );
}

interface AsTableProps {
  caption: string;
  head: readonly string[];
  rows: readonly { key: string; cells: readonly ReactNode[] }[];
}
