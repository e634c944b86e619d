import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { copyText } from "@/lib/copy-text";
import { cn } from "./cn";
import { toast } from "./toast";

/** Puts a value on the clipboard. `what` names it: "Copy reference". */
export function CopyButton({ value, what, className }: { value: string; what: string; className?: string }) {
  const [isDone, setDone] = useState(false);

  useEffect(() => {
    if (!isDone) return;
    const timer = setTimeout(() => setDone(false), 1600);
    return () => clearTimeout(timer);
  }, [isDone]);

  const copy = async () => {
    try {
      await copyText(value);
      setDone(true);
    } catch {
      toast("The browser did not allow copying", { tone: "bad", description: "Select the text and copy it by hand." });
    }
  };
  const Icon = isDone ? Check : Copy;
  return (
    <button
      type="button"
      onClick={copy}
      aria-label={isDone ? "Copied" : `Copy ${what}`}
      title={isDone ? "Copied" : `Copy ${what}`}
      className={cn(
        "inline-grid size-6 place-items-center rounded-md align-middle text-faint hover:bg-sunken hover:text-ink",
        className,
      )}
    >
      <Icon className={cn("size-3.5", isDone && "text-good")} aria-hidden />
    </button>
  );
}

/** A value in fixed-width letters with its button. */
export function Copyable({ value, what, shown = value }: { value: string; what: string; shown?: string }) {
  return (
    <span className="inline-flex min-w-0 max-w-full items-center gap-1">
      <code className="min-w-0 break-all font-mono text-[0.8125rem]" title={value}>
        {shown}
      </code>
      <CopyButton value={value} what={what} className="shrink-0" />
    </span>
  );
}
