import { useEffect } from "react";
import { connection, watchConnection } from "@/lib/connection";
import { ErrorState } from "@/ui/states";

/** A page failed. The frame around it stays, and the page is tried again: by hand, or when the server is back. */
export function BrokenPage({ reset }: { reset: () => void }) {
  useEffect(() => watchConnection(() => !connection().isLost && reset()), [reset]);
  return (
    <div className="grid min-h-[60dvh] place-items-center">
      <ErrorState title="This page cannot be shown" onRetry={reset}>
        No money is affected. Try again; if it fails again, reload the page.
      </ErrorState>
    </div>
  );
}
