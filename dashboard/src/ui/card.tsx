import { type ComponentProps, type ReactNode, useId } from "react";
import { cn } from "./cn";
import { ErrorBoundary } from "./error-boundary";

/** A box with a heading, which is also its name for screen readers. An error in it stays in it. */
export function Card({ title, hint, actions, children, className, ...rest }: CardProps) {
  const id = useId();
  return (
    <section
      aria-labelledby={title ? id : undefined}
      className={cn("min-w-0 rounded-box border border-line bg-surface shadow-box", className)}
      {...rest}
    >
      {title && (
        <header className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2 px-5 pt-4 pb-3">
          <div className="min-w-0">
            <h2 id={id} className="font-semibold text-[0.9375rem]">
              {title}
            </h2>
            {hint && <p className="mt-0.5 text-[0.8125rem] text-faint">{hint}</p>}
          </div>
          {actions && <div className="flex items-center gap-2">{actions}</div>}
        </header>
      )}
      <ErrorBoundary what={typeof title === "string" ? `“${title}”` : "This panel"}>{children}</ErrorBoundary>
    </section>
  );
}

type CardProps = Omit<ComponentProps<"section">, "title"> & {
  title?: ReactNode;
  hint?: ReactNode;
  actions?: ReactNode;
};

export const CardBody = ({ className, ...rest }: ComponentProps<"div">) => (
  <div className={cn("px-5 pb-5", className)} {...rest} />
);

/** Names and values under each other, or side by side where there is room. */
export function Facts({ children, className }: { children: ReactNode; className?: string }) {
  return <dl className={cn("grid gap-x-6 gap-y-3 text-sm sm:grid-cols-[max-content_1fr]", className)}>{children}</dl>;
}

/** `isWide`: the value is long and stands under its name at every width. */
export function Fact({ name, isWide, children }: { name: string; isWide?: boolean; children: ReactNode }) {
  const under = "-mb-2.5 text-[0.8125rem]";
  return (
    <>
      <dt className={cn("text-faint max-sm:-mb-2.5 max-sm:text-[0.8125rem]", isWide && ["sm:col-span-2", under])}>
        {name}
      </dt>
      <dd className={cn("min-w-0 break-words", isWide && "sm:col-span-2")}>{children}</dd>
    </>
  );
}
