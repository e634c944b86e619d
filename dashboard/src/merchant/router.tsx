import { createRootRoute, createRoute, createRouter } from "@tanstack/react-router";
import { BrokenPage } from "@/components/broken-page";
import { NotFound } from "@/components/not-found";
import { isEntryKind, isStatusFilter } from "@/components/payout-words";
import { asDate, type Period } from "@/lib/period";
import { App } from "./app";
import { DoubleSpend, Ledger, PayoutPage, Payouts } from "./lazy-components";
import { Overview } from "./pages/overview";

/** Filters live in the address: a link to a list shows the same list, and "back" goes back. */
const text = (value: unknown): string | undefined =>
  typeof value === "string" || typeof value === "number" ? String(value).slice(0, 255) || undefined : undefined;

/** A reversed period out of an address is shown with its error, and not asked for. */
const period = (search: Record<string, unknown>): Period => ({ from: asDate(search.from), to: asDate(search.to) });

const root = createRootRoute({ component: App, notFoundComponent: NotFound, errorComponent: BrokenPage });

const overview = createRoute({ getParentRoute: () => root, path: "/", component: Overview });

const payouts = createRoute({
  getParentRoute: () => root,
  path: "/payouts",
  validateSearch: (search) => ({
    status: isStatusFilter(search.status) ? search.status : undefined,
    search: text(search.search),
    ...period(search),
  }),
  component: Payouts,
});

const payout = createRoute({ getParentRoute: () => root, path: "/payouts/$id", component: PayoutPage });

const ledger = createRoute({
  getParentRoute: () => root,
  path: "/ledger",
  validateSearch: (search) => ({ kind: isEntryKind(search.kind) ? search.kind : undefined, ...period(search) }),
  component: Ledger,
});

const doubleSpend = createRoute({ getParentRoute: () => root, path: "/double-spend", component: DoubleSpend });

export const router = createRouter({
  routeTree: root.addChildren([overview, payouts, payout, ledger, doubleSpend]),
  defaultPreload: "intent",
  // An error of one page leaves the frame around it as it is.
  defaultErrorComponent: BrokenPage,
  scrollRestoration: true,
});
