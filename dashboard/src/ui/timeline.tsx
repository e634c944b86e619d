import type { ReactNode } from "react";
import type { Tone } from "./badge";
import { cn } from "./cn";

const marks: Record<Tone, string> = {
  neutral: "border-faint bg-faint",
  good: "border-good-mark bg-good-mark",
  bad: "border-bad-mark bg-bad-mark",
  warn: "border-warn-mark bg-warn-mark",
  info: "border-info-mark bg-info-mark",
  odd: "border-odd-mark bg-odd-mark",
  accent: "border-accent bg-accent",
};

/** What happened, in its order, down a line. */
export const Timeline = ({ label, children }: { label: string; children: ReactNode }) => (
  <ol aria-label={label} className="relative">
    {children}
  </ol>
);

interface TimelineItemProps {
  tone: Tone;
  title: ReactNode;
  when: ReactNode;
  /** It is going on or still to come: the mark is hollow. */
  isOpen?: boolean;
  children?: ReactNode;
}

export function TimelineItem({ tone, title, when, isOpen, children }: TimelineItemProps) {
  return (
    <li className="group relative grid grid-cols-[1rem_1fr] gap-x-3.5 pb-6 last:pb-0">
      <span
        className="absolute top-4 bottom-[-0.375rem] left-[0.46875rem] w-px bg-line group-last:hidden"
        aria-hidden
      />
      <span
        className={cn(
          "relative mt-1 ml-0.5 size-3 rounded-full border-2",
          marks[tone],
          isOpen && "animate-beat bg-transparent",
        )}
        aria-hidden
      />
      <div className="min-w-0">
        <div className="flex flex-wrap items-baseline justify-between gap-x-4">
          <p className="font-medium">{title}</p>
          <p className="text-[0.8125rem] text-faint">{when}</p>
        </div>
        {children}
      </div>
    </li>
  );
}
