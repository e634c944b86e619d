import { CircleAlert, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "./button";
import { cn } from "./cn";

/** Stands where something is about to be. */
export const Skeleton = ({ className }: { className?: string }) => (
  <span className={cn("block h-4 animate-shimmer rounded-md bg-line", className)} aria-hidden />
);

/** Rows of a list that is being fetched. */
export function SkeletonRows({ count = 6, label = "Loading" }: { count?: number; label?: string }) {
  return (
    <div role="status" aria-label={label} className="divide-y divide-line">
      {Array.from({ length: count }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows are alike and stay in place.
        <div key={index} className="flex h-[2.875rem] items-center gap-6 px-5">
          <Skeleton className="w-24" />
          <Skeleton className="w-40 max-sm:hidden" />
          <Skeleton className="ml-auto w-20" />
        </div>
      ))}
    </div>
  );
}

interface StateProps {
  title: string;
  children?: ReactNode;
  icon?: LucideIcon;
  action?: ReactNode;
}

/** There is nothing yet, and what to do about it. */
export function EmptyState({ title, children, icon: Icon, action }: StateProps) {
  return (
    <div className="flex flex-col items-center px-6 py-14 text-center">
      {Icon && (
        <span className="mb-4 grid size-11 place-items-center rounded-xl bg-sunken text-faint">
          <Icon className="size-5" aria-hidden />
        </span>
      )}
      <p className="font-semibold text-[0.9375rem]">{title}</p>
      {children && <div className="mt-1 max-w-96 text-soft">{children}</div>}
      {action && <div className="mt-5">{action}</div>}
    </div>
  );
}

/** Something could not be fetched: what, and the way to try again. */
export function ErrorState({
  title,
  children,
  onRetry,
}: {
  title: string;
  children?: ReactNode;
  onRetry?: () => void;
}) {
  return (
    <div role="alert">
      <EmptyState title={title} icon={CircleAlert} action={onRetry && <Button onClick={onRetry}>Try again</Button>}>
        {children}
      </EmptyState>
    </div>
  );
}

/** A sentence that needs attention, in place. */
export function Notice({ tone, icon: Icon, children, role, className }: NoticeProps) {
  const looks = {
    info: "bg-info-soft text-info",
    warn: "bg-warn-soft text-warn",
    bad: "bg-bad-soft text-bad",
    good: "bg-good-soft text-good",
  };
  return (
    <div role={role} className={cn("flex gap-2.5 rounded-lg px-3.5 py-2.5", looks[tone], className)}>
      {Icon && <Icon className="mt-0.5 size-4 shrink-0" aria-hidden />}
      <div className="min-w-0">{children}</div>
    </div>
  );
}

interface NoticeProps {
  tone: "info" | "warn" | "bad" | "good";
  icon?: LucideIcon;
  children: ReactNode;
  role?: "status" | "alert";
  className?: string;
}
