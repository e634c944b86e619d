import { ErrorState } from "@/ui/states";

/** The page itself failed, or a part of it could not be fetched (a new version was put up meanwhile). */
export function BrokenPage() {
  return (
    <main className="grid min-h-[60dvh] place-items-center">
      <ErrorState title="This page could not be shown" onRetry={() => window.location.reload()}>
        Nothing happened to your money. A reload usually helps.
      </ErrorState>
    </main>
  );
}
