import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import {
  BookOpenText,
  CircleHelp,
  FileWarning,
  Gauge,
  KeyRound,
  LockKeyhole,
  LogOut,
  type LucideIcon,
  ScrollText,
  SendHorizontal,
  ShieldCheck,
  Store,
  Users,
} from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { DemoBanner } from "@/components/demo-banner";
import { AppShell, type NavItem } from "@/ui/app-shell";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { ConnectionBanner } from "@/ui/connection-banner";
import { preloadWhenIdle } from "@/ui/lazy-component";
import { Menu, MenuItem, MenuLabel } from "@/ui/menu";
import { ThemeSwitch } from "@/ui/theme-switch";
import { useFocusOnNavigation } from "@/ui/use-focus-on-navigation";
import { useSearchKey } from "@/ui/use-search-key";
import { ZoneSwitch } from "@/ui/zone-switch";
import { useSignOut } from "./actions";
import { BankBanner } from "./bank/bank-banner";
import { useOperator, VIEWER_REASON } from "./current-operator";
import { lazyComponents, Palette, PasswordDialog } from "./lazy-components";
import { overviewQuery, sessionQuery } from "./queries";

const PLACES: { to: string; name: string; icon: LucideIcon; isMinor?: boolean }[] = [
  { to: "/", name: "Overview", icon: Gauge },
  { to: "/merchants", name: "Merchants", icon: Store },
  { to: "/payouts", name: "Payouts", icon: SendHorizontal },
  { to: "/doubtful", name: "In doubt", icon: CircleHelp },
  { to: "/exceptions", name: "Exceptions", icon: FileWarning },
  { to: "/ledger", name: "Ledger", icon: BookOpenText, isMinor: true },
  { to: "/records", name: "Requests", icon: KeyRound, isMinor: true },
  { to: "/operators", name: "Operators", icon: Users, isMinor: true },
  { to: "/actions", name: "Audit log", icon: ScrollText, isMinor: true },
];

/** Around every page behind the sign-in. */
export function Shell({ children }: { children: ReactNode }) {
  const { data } = useQuery(overviewQuery);
  const [isSearching, setSearching] = useState(false);
  useSearchKey(() => setSearching((isOpen) => !isOpen));
  useFreshLists();
  useFocusOnNavigation();
  useEffect(() => preloadWhenIdle(lazyComponents), []);
  const marks: Record<string, ReactNode> = {
    "/doubtful": data?.in_doubt.count ? <Count of={data.in_doubt.count} what="in doubt" /> : undefined,
    "/exceptions": data?.exceptions.count ? <Count of={data.exceptions.count} what="open" /> : undefined,
  };
  const nav: NavItem[] = PLACES.map((place) => ({ ...place, mark: marks[place.to] }));
  return (
    <>
      <AppShell
        nav={nav}
        suffix="Admin"
        account={<Account />}
        tools={
          <>
            <ZoneSwitch />
            <ThemeSwitch />
          </>
        }
        banner={<Banner />}
        onSearch={() => setSearching(true)}
      >
        {children}
      </AppShell>
      {isSearching && <Palette nav={PLACES} isOpen={isSearching} onOpenChange={setSearching} />}
    </>
  );
}

const LISTS_MS = 15_000;

/** Of the lists on the page the first rows are read again now and then; new ones wait until they are asked for. */
function useFreshLists(): void {
  const queries = useQueryClient();
  useEffect(() => {
    const refresh = () => {
      if (!document.hidden) void queries.invalidateQueries({ queryKey: ["list"] });
    };
    const timer = setInterval(refresh, LISTS_MS);
    return () => clearInterval(timer);
  }, [queries]);
}

const Count = ({ of, what }: { of: number; what: string }) => (
  <span className="tabular whitespace-nowrap rounded-full bg-warn-soft px-2 py-0.5 font-semibold text-warn text-xs">
    {of}
    <span className="sr-only"> {what}</span>
  </span>
);

function Banner() {
  const operator = useOperator();
  const { data: session } = useQuery(sessionQuery);
  return (
    <>
      {session?.demo && <DemoBanner />}
      <ConnectionBanner />
      <BankBanner />
      {operator.role === "viewer" && <p className="bg-info-soft px-4 py-2 text-center text-info">{VIEWER_REASON}</p>}
    </>
  );
}

function Account() {
  const operator = useOperator();
  const signOut = useSignOut();
  const [isChanging, setChanging] = useState(false);
  return (
    <>
      <Menu
        trigger={
          <Button variant="ghost" className="w-full min-w-0 shrink justify-start overflow-hidden px-2 text-ink">
            <ShieldCheck aria-hidden />
            <span className="truncate">
              <span className="sr-only">Signed in as </span>
              {operator.name}
            </span>{" "}
            <span className="ml-auto max-lg:hidden">
              <Badge tone={operator.role === "operator" ? "accent" : "info"}>{operator.role}</Badge>
            </span>
          </Button>
        }
      >
        <MenuLabel>
          {operator.name}, {operator.role}
        </MenuLabel>
        {PLACES.filter((place) => place.isMinor).map((place) => (
          <MenuItem key={place.to} asChild className="lg:hidden">
            <Link to={place.to}>
              <place.icon aria-hidden />
              {place.name}
            </Link>
          </MenuItem>
        ))}
        <MenuItem onSelect={() => setChanging(true)}>
          <LockKeyhole aria-hidden />
          Change password
        </MenuItem>
        <MenuItem onSelect={() => signOut.mutate()}>
          <LogOut aria-hidden />
          Sign out
        </MenuItem>
      </Menu>
      {isChanging && <PasswordDialog onClose={() => setChanging(false)} />}
    </>
  );
}
