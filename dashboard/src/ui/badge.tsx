import type { ReactNode } from "react";
import { cn } from "./cn";

export type Tone = "neutral" | "good" | "bad" | "warn" | "info" | "odd" | "accent";

const soft: Record<Tone, string> = {
  neutral: "bg-sunken text-soft",
  good: "bg-good-soft text-good",
  bad: "bg-bad-soft text-bad",
  warn: "bg-warn-soft text-warn",
  info: "bg-info-soft text-info",
  odd: "bg-odd-soft text-odd",
  accent: "bg-accent-soft text-accent-text",
};

const mark: Record<Tone, string> = {
  neutral: "bg-faint",
  good: "bg-good-mark",
  bad: "bg-bad-mark",
  warn: "bg-warn-mark",
  info: "bg-info-mark",
  odd: "bg-odd-mark",
  accent: "bg-accent",
};

/** A word of state. The dot repeats the colour; the word alone carries the meaning. */
export function Badge({ tone = "neutral", isLive, children }: { tone?: Tone; isLive?: boolean; children: ReactNode }) {
  return (
    <span
      className={cn(
        "inline-flex h-6 items-center gap-1.5 whitespace-nowrap rounded-full px-2 font-medium text-xs",
        soft[tone],
      )}
    >
      <span className={cn("size-1.5 rounded-full", mark[tone], isLive && "animate-beat")} aria-hidden />
      {children}
    </span>
  );
}

/** The dot alone, for legends and timelines. */
export const Dot = ({ tone, className }: { tone: Tone; className?: string }) => (
  <span className={cn("inline-block size-2 shrink-0 rounded-full", mark[tone], className)} aria-hidden />
);
