import { useQuery } from "@tanstack/react-query";
import {
  createRootRoute,
  createRoute,
  createRouter,
  Link,
  lazyRouteComponent,
  Outlet,
  useRouterState,
} from "@tanstack/react-router";
import { Compass } from "lucide-react";
import { useEffect, useRef } from "react";
import { inWords } from "@/api/errors";
import { Button } from "@/ui/button";
import { EmptyState, ErrorState, SkeletonRows } from "@/ui/states";
import { type Filter, sessionQuery } from "./api";
import { ChoosePassword } from "./operators/choose-password";
import { SignIn } from "./pages/sign-in";
import { SignedIn } from "./people";
import { Shell } from "./shell";

/** Behind the sign-in, whatever page it is. */
function House() {
  const { data: session, error, refetch } = useQuery(sessionQuery);
  const wasSignedIn = useRef(false);
  if (session?.operator) wasSignedIn.current = true;

  if (!session) {
    if (!error) return <SkeletonRows label="Loading" />;
    return (
      <ErrorState title="PayRail Admin could not start" onRetry={() => refetch()}>
        {inWords(error)}
      </ErrorState>
    );
  }
  if (!session.operator) return <SignIn session={session} hasEnded={wasSignedIn.current} />;
  if (session.must_change_password) return <ChoosePassword operator={session.operator} />;
  return (
    <SignedIn operator={session.operator}>
      <Shell>
        <FocusOnArrival />
        <Outlet />
      </Shell>
    </SignedIn>
  );
}

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

const Broken = ({ error, reset }: { error: unknown; reset: () => void }) => (
  <ErrorState title="This page broke" onRetry={reset}>
    {inWords(error)}
  </ErrorState>
);

const root = createRootRoute({ component: House, notFoundComponent: NoSuchPage, errorComponent: Broken });

/** Filters stand in the address: only texts count. */
const validateSearch = (search: Record<string, unknown>): Filter =>
  Object.fromEntries(
    Object.entries(search)
      .filter(([, value]) => ["string", "number", "boolean"].includes(typeof value))
      .map(([name, value]) => [name, String(value)]),
  );

const page = <Path extends string>(path: Path, load: () => Promise<{ default: React.ComponentType }>) =>
  createRoute({ getParentRoute: () => root, path, validateSearch, component: lazyRouteComponent(load) });

const routes = [
  page("/", () => import("./pages/overview")),
  page("/merchants", () => import("./pages/merchants")),
  page("/merchants/$merchant", () => import("./pages/merchant")),
  page("/payouts", () => import("./pages/payouts")),
  page("/payouts/$merchant/$id", () => import("./pages/payout")),
  page("/doubtful", () => import("./pages/doubtful")),
  page("/ledger", () => import("./pages/ledger")),
  page("/records", () => import("./pages/records")),
  page("/operators", () => import("./pages/operators")),
  page("/actions", () => import("./pages/actions")),
];

export const router = createRouter({
  routeTree: root.addChildren(routes),
  basepath: "/admin",
  scrollRestoration: true,
  defaultPreload: "intent",
  // Texts in the address as they are, without the quotes of JSON.
  parseSearch: (search) => Object.fromEntries(new URLSearchParams(search)),
  stringifySearch: (search) => {
    const text = new URLSearchParams(search as Record<string, string>).toString();
    return text ? `?${text}` : "";
  },
});
