import { useQuery } from "@tanstack/react-query";
import { createRootRoute, createRoute, createRouter, Link, Outlet, useRouterState } from "@tanstack/react-router";
import { Compass } from "lucide-react";
import { useEffect, useRef } from "react";
import { inWords } from "@/api/errors";
import { useConnection } from "@/lib/connection";
import { useZone } from "@/lib/zone";
import { Button } from "@/ui/button";
import { ConnectionBanner } from "@/ui/connection-banner";
import { EmptyState, ErrorState, SkeletonRows } from "@/ui/states";
import { type Filter, sessionQuery } from "./api";
import { ChoosePassword } from "./operators/choose-password";
import { SignIn } from "./pages/sign-in";
import * as parts from "./parts";
import { SignedIn } from "./people";
import { Shell } from "./shell";

/** Every page is behind the sign-in. */
function App() {
  const { data: session, error, refetch } = useQuery(sessionQuery);
  const wasSignedIn = useRef(false);
  if (session?.operator) wasSignedIn.current = true;

  if (!session) {
    if (!error) return <SkeletonRows label="Loading" />;
    return (
      <main>
        <ConnectionBanner />
        <ErrorState title="Not connected" onRetry={() => refetch()}>
          {inWords(error)}
        </ErrorState>
      </main>
    );
  }
  if (!session.operator) return <SignIn session={session} hasEnded={wasSignedIn.current} />;
  if (session.must_change_password) return <ChoosePassword operator={session.operator} />;
  return (
    <SignedIn operator={session.operator}>
      <Shell>
        <FocusOnArrival />
        <PageOfZone />
      </Shell>
    </SignedIn>
  );
}

/** Every time on the page is drawn anew in another zone. */
const PageOfZone = () => <Outlet key={useZone()} />;

/** A new page is read from its top, by eyes and by screen readers. */
function FocusOnArrival() {
  const path = useRouterState({ select: (state) => state.resolvedLocation?.pathname });
  const before = useRef(path);
  useEffect(() => {
    if (before.current !== undefined && before.current !== path) document.getElementById("main")?.focus();
    before.current = path;
  }, [path]);
  return null;
}

const NoSuchPage = () => (
  <EmptyState
    icon={Compass}
    title="There is no such page"
    action={
      <Button asChild>
        <Link to="/">To the overview</Link>
      </Button>
    }
  />
);

/** The frame around a page that failed stays. The page is tried again by hand, or when the server is back. */
function Broken({ reset }: { reset: () => void }) {
  const { isLost } = useConnection();
  const wasLost = useRef(isLost);
  useEffect(() => {
    if (wasLost.current && !isLost) reset();
    wasLost.current = isLost;
  }, [isLost, reset]);
  return (
    <ErrorState title="This page cannot be shown" onRetry={reset}>
      No money is affected. Try again; if it fails again, reload the page.
    </ErrorState>
  );
}

const root = createRootRoute({ component: App, notFoundComponent: NoSuchPage, errorComponent: Broken });

/** Filters stand in the address: only texts count. */
const validateSearch = (search: Record<string, unknown>): Filter =>
  Object.fromEntries(
    Object.entries(search)
      .filter(([, value]) => ["string", "number", "boolean"].includes(typeof value))
      .map(([name, value]) => [name, String(value)]),
  );

const page = <Path extends string>(path: Path, component: typeof parts.Overview) =>
  createRoute({ getParentRoute: () => root, path, validateSearch, component });

const routes = [
  page("/", parts.Overview),
  page("/merchants", parts.Merchants),
  page("/merchants/$merchant", parts.MerchantPage),
  page("/payouts", parts.Payouts),
  page("/payouts/$merchant/$id", parts.PayoutPage),
  page("/doubtful", parts.Doubtful),
  page("/exceptions", parts.Exceptions),
  page("/ledger", parts.Ledger),
  page("/records", parts.Records),
  page("/operators", parts.Operators),
  page("/actions", parts.Actions),
];

export const router = createRouter({
  routeTree: root.addChildren(routes),
  basepath: "/admin",
  // An error of one page leaves the frame around it as it is.
  defaultErrorComponent: Broken,
  scrollRestoration: true,
  defaultPreload: "intent",
  // Texts in the address as they are, without the quotes of JSON.
  parseSearch: (search) => Object.fromEntries(new URLSearchParams(search)),
  stringifySearch: (search) => {
    const text = new URLSearchParams(search as Record<string, string>).toString();
    return text ? `?${text}` : "";
  },
});
