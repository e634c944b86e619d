import { FlaskConical } from "lucide-react";

/** Across the top of every page in demo mode, in which anybody may come in. */
export const DemoBanner = () => (
  <p className="flex items-center justify-center gap-2 bg-warn-soft px-4 py-1.5 text-center text-sm text-warn">
    <FlaskConical className="size-4 shrink-0 max-sm:hidden" aria-hidden />
    <span>
      <strong className="font-semibold">Demo mode.</strong> The keys and passwords are public, and no money is real.
    </span>
  </p>
);
