import { CircleAlert } from "lucide-react";
import { type ComponentProps, type ReactNode, useId } from "react";
import { cn } from "./cn";

interface Wiring {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": true | undefined;
}

interface FieldProps {
  label: ReactNode;
  hint?: ReactNode;
  /** What is wrong, in words; several when the server names several. */
  error?: string | readonly string[] | null | undefined;
  /** Draws the control with what ties it to label, hint and error. */
  children: (wiring: Wiring) => ReactNode;
  className?: string;
}

/** A labelled control. The error is announced as soon as it appears. */
export function Field({ label, hint, error, children, className }: FieldProps) {
  const id = useId();
  const errors = typeof error === "string" ? [error] : (error ?? []);
  const isBad = errors.length > 0;
  const describedBy = [isBad && `${id}-error`, hint && `${id}-hint`].filter(Boolean).join(" ") || undefined;
  return (
    <div className={cn("grid gap-1.5", className)}>
      <label htmlFor={id} className="font-medium text-[0.8125rem]">
        {label}
      </label>
      {children({ id, "aria-describedby": describedBy, "aria-invalid": isBad || undefined })}
      <div id={`${id}-error`} role="alert" className={cn(!isBad && "sr-only")}>
        {errors.map((text) => (
          <p key={text} className="flex gap-1.5 text-[0.8125rem] text-bad">
            <CircleAlert className="mt-0.5 size-4 shrink-0" aria-hidden />
            <span>{text}</span>
          </p>
        ))}
      </div>
      {hint && (
        <div id={`${id}-hint`} className="text-[0.8125rem] text-faint">
          {hint}
        </div>
      )}
    </div>
  );
}

export const control =
  "h-10 w-full min-w-0 rounded-control border border-edge bg-surface px-3 text-ink shadow-box transition-colors placeholder:text-faint hover:border-faint disabled:opacity-60 aria-invalid:border-bad-mark max-sm:text-base focus-visible:outline-offset-0";

export const TextInput = ({ className, ...rest }: ComponentProps<"input">) => (
  <input className={cn(control, className)} {...rest} />
);

export const TextArea = ({ className, ...rest }: ComponentProps<"textarea">) => (
  <textarea className={cn(control, "h-auto min-h-24 py-2", className)} {...rest} />
);
