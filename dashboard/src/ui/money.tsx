import { formatPaise, formatSigned, type Paise } from "@/lib/money";
import { cn } from "./cn";

/** An amount. As a headline its paise step back, so that the rupees are read first. */
export function Money({ paise, isHeadline, className }: { paise: Paise; isHeadline?: boolean; className?: string }) {
  const text = formatPaise(paise);
  const point = text.lastIndexOf(".");
  return (
    <span className={cn("tabular whitespace-nowrap", className)}>
      {isHeadline ? text.slice(0, point) : text}
      {isHeadline && <span className="text-faint">{text.slice(point)}</span>}
    </span>
  );
}

/** A movement: what comes in is green and has a plus, what goes out a minus. */
export const Movement = ({ paise, className }: { paise: Paise; className?: string }) => (
  <span className={cn("tabular whitespace-nowrap", paise > 0 && "text-good", className)}>{formatSigned(paise)}</span>
);
