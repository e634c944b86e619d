import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { isEntryKind, isStatusFilter } from "@/lib/payout";
import { App } from "./app";
import { BrokenPage } from "./pages/broken";
import { NotFound } from "./pages/not-found";
import { Overview } from "./pages/overview";

/** Filters live in the address: a link to a list shows the same list, and "back" goes back. */
const text = (value: unknown): string | undefined =>
  typeof value === "string" || typeof value === "number" ? String(value).slice(0, 255) || undefined : undefined;

const root = createRootRoute({ component: App, notFoundComponent: NotFound, errorComponent: BrokenPage });

const overview = createRoute({ getParentRoute: () => root, path: "/", component: Overview });

const payouts = createRoute({
  getParentRoute: () => root,
  path: "/payouts",
  validateSearch: (search) => ({
    status: isStatusFilter(search.status) ? search.status : undefined,
    search: text(search.search),
  }),
  component: lazyRouteComponent(() => import("./pages/payouts"), "Payouts"),
});

const payout = createRoute({
  getParentRoute: () => root,
  path: "/payouts/$id",
  component: lazyRouteComponent(() => import("./pages/payout"), "PayoutPage"),
});

const ledger = createRoute({
  getParentRoute: () => root,
  path: "/ledger",
  validateSearch: (search) => ({ kind: isEntryKind(search.kind) ? search.kind : undefined }),
  component: lazyRouteComponent(() => import("./pages/ledger"), "Ledger"),
});

const doubleSpend = createRoute({
  getParentRoute: () => root,
  path: "/double-spend",
  component: lazyRouteComponent(() => import("./pages/double-spend"), "DoubleSpend"),
});

export const router = createRouter({
  routeTree: root.addChildren([overview, payouts, payout, ledger, doubleSpend]),
  defaultPreload: "intent",
  scrollRestoration: true,
});
