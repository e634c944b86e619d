import { useQuery } from "@tanstack/react-query";
import { ConnectionBanner } from "@/ui/connection-banner";
import { Logo } from "@/ui/logo";
import { ErrorState } from "@/ui/states";
import { MerchantShell } from "./components/merchant-shell";
import { SignIn } from "./pages/sign-in";
import { sessionQuery } from "./queries";
import { SignedInContext } from "./session";

/** Whoever is not signed in sees the sign-in page, at whatever address they came to; afterwards that page. */
export function App() {
  const { data: session, error, refetch } = useQuery(sessionQuery);
  if (error && !session) {
    return (
      <main className="grid min-h-dvh place-items-center">
        <ConnectionBanner />
        <ErrorState title="Not connected" onRetry={() => void refetch()}>
          The server does not answer. Everything it accepted is kept. The page continues when the server is back.
        </ErrorState>
      </main>
    );
  }
  if (!session) {
    return (
      <main className="grid min-h-dvh place-items-center" aria-busy="true">
        <span className="animate-fade">
          <Logo />
          <span className="sr-only">Loading</span>
        </span>
      </main>
    );
  }
  if (!session.merchant) return <SignIn demoMerchants={session.demo_merchants} />;
  const signedIn = { merchant: session.merchant, isDemo: session.demo_merchants.length > 0 };
  return (
    <SignedInContext value={signedIn}>
      <MerchantShell key={session.merchant.id} />
    </SignedInContext>
  );
}
