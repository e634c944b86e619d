import { useQuery } from "@tanstack/react-query";
import { createRootRoute, createRoute, createRouter, Outlet } from "@tanstack/react-router";
import { inWords } from "@/api/errors";
import type { Filter } from "@/api/paged-list";
import { BrokenPage } from "@/components/broken-page";
import { NotFound } from "@/components/not-found";
import { useZone } from "@/lib/zone";
import { ConnectionBanner } from "@/ui/connection-banner";
import { ErrorState, SkeletonRows } from "@/ui/states";
import { SignedIn } from "./current-operator";
import * as pages from "./lazy-components";
import { SignIn } from "./pages/sign-in";
import { endedQuery, sessionQuery } from "./queries";
import { Shell } from "./shell";

/** Every page is behind the sign-in. */
function App() {
  const { data: session, error, refetch } = useQuery(sessionQuery);
  const hasEnded = useQuery(endedQuery).data ?? false;

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
  if (!session.operator) return <SignIn session={session} hasEnded={hasEnded} />;
  if (session.must_change_password) return <pages.ChoosePassword operator={session.operator} />;
  return (
    <SignedIn operator={session.operator}>
      <Shell>
        <PageOfZone />
      </Shell>
    </SignedIn>
  );
}

/** Every time on the page is drawn anew in another zone. */
const PageOfZone = () => <Outlet key={useZone()} />;

const root = createRootRoute({ component: App, notFoundComponent: NotFound, errorComponent: BrokenPage });

/** Filters stand in the address: only texts count. */
const validateSearch = (search: Record<string, unknown>): Filter =>
  Object.fromEntries(
    Object.entries(search)
      .filter(([, value]) => ["string", "number", "boolean"].includes(typeof value))
      .map(([name, value]) => [name, String(value)]),
  );

const page = <Path extends string>(path: Path, component: typeof pages.Overview) =>
  createRoute({ getParentRoute: () => root, path, validateSearch, component });

const routes = [
  page("/", pages.Overview),
  page("/merchants", pages.Merchants),
  page("/merchants/$merchant", pages.MerchantPage),
  page("/payouts", pages.Payouts),
  page("/payouts/$merchant/$id", pages.PayoutPage),
  page("/doubtful", pages.Doubtful),
  page("/exceptions", pages.Exceptions),
  page("/ledger", pages.Ledger),
  page("/records", pages.Records),
  page("/operators", pages.Operators),
  page("/actions", pages.Actions),
];

export const router = createRouter({
  routeTree: root.addChildren(routes),
  basepath: "/admin",
  // An error of one page leaves the frame around it as it is.
  defaultErrorComponent: BrokenPage,
  scrollRestoration: true,
  defaultPreload: "intent",
  // Texts in the address as they are, without the quotes of JSON.
  parseSearch: (search) => Object.fromEntries(new URLSearchParams(search)),
  stringifySearch: (search) => {
    const text = new URLSearchParams(search as Record<string, string>).toString();
    return text ? `?${text}` : "";
  },
});
