import { ChevronDown } from "lucide-react";
import type { ComponentProps } from "react";
import { cn } from "./cn";
import { control } from "./field";

/** The platform's own select: it is at home on a phone, with a keyboard and with a screen reader. */
export function Select({ className, children, ...rest }: ComponentProps<"select">) {
  return (
    <span className={cn("relative inline-flex", className)}>
      <select className={cn(control, "h-9 appearance-none pr-9")} {...rest}>
        {children}
      </select>
      <ChevronDown
        className="-translate-y-1/2 pointer-events-none absolute top-1/2 right-2.5 size-4 text-faint"
        aria-hidden
      />
    </span>
  );
}
