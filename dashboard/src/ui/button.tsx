import { cva, type VariantProps } from "class-variance-authority";
import { LoaderCircle } from "lucide-react";
import { Slot } from "radix-ui";
import type { ComponentProps, ReactNode } from "react";
import { cn } from "./cn";

const look = cva(
  "inline-flex shrink-0 select-none items-center justify-center gap-2 whitespace-nowrap rounded-control font-medium transition-colors disabled:cursor-not-allowed disabled:opacity-55 aria-disabled:cursor-not-allowed aria-disabled:opacity-55 [&_svg]:size-4 [&_svg]:shrink-0",
  {
    variants: {
      variant: {
        primary: "bg-accent text-on-accent shadow-box hover:bg-accent-strong",
        secondary: "border border-edge bg-surface text-ink shadow-box hover:bg-sunken",
        ghost: "text-soft hover:bg-sunken hover:text-ink",
        danger: "bg-bad-fill text-on-accent shadow-box hover:bg-bad-strong",
      },
      size: {
        small: "h-8 px-3 text-[0.8125rem]",
        medium: "h-9 px-3.5",
        large: "h-11 px-5",
        icon: "size-9",
      },
    },
    defaultVariants: { variant: "secondary", size: "medium" },
  },
);

export interface ButtonProps extends ComponentProps<"button">, VariantProps<typeof look> {
  /** Something is under way: the button cannot be pressed again and says so. */
  isBusy?: boolean;
  /** Takes the button's look for its only child, such as a link. */
  asChild?: boolean;
}

export function Button({ variant, size, isBusy, asChild, className, children, disabled, ...rest }: ButtonProps) {
  const classes = cn(look({ variant, size }), className);
  if (asChild) {
    return (
      <Slot.Root className={classes} {...(rest as object)}>
        {children}
      </Slot.Root>
    );
  }
  return (
    <button type="button" className={classes} disabled={disabled || isBusy} aria-busy={isBusy || undefined} {...rest}>
      {isBusy && <LoaderCircle className="animate-spin" aria-hidden />}
      {children}
    </button>
  );
}

/** A button that shows a picture only; its label is for screen readers and as a title. */
export function IconButton({ label, children, ...rest }: ButtonProps & { label: string; children: ReactNode }) {
  return (
    <Button variant="ghost" size="icon" aria-label={label} title={label} {...rest}>
      {children}
    </Button>
  );
}
