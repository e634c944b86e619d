import { Outlet, useRouterState } from "@tanstack/react-router";
import { ArrowUpRight, BookText, LayoutDashboard, WifiOff, Zap } from "lucide-react";
import { lazy, Suspense, useEffect, useEffectEvent, useRef, useState } from "react";
import { AppShell, type NavItem } from "@/ui/app-shell";
import { ThemeSwitch } from "@/ui/theme-switch";
import { useLive } from "../live";
import { NewPayoutProvider } from "../new-payout/provider";
import { UnansweredBanner } from "../new-payout/unanswered-banner";
import { useSignedInMerchant } from "../session";
import { AccountMenu } from "./account-menu";
import { LiveBadge } from "./live-badge";

const Palette = lazy(() => import("./palette"));

const pages: NavItem[] = [
  { to: "/", name: "Overview", icon: LayoutDashboard },
  { to: "/payouts", name: "Payouts", icon: ArrowUpRight },
  { to: "/ledger", name: "Ledger", icon: BookText },
];
const demoPages: NavItem[] = [...pages, { to: "/double-spend", name: "Double spend", icon: Zap }];

/** The frame around every page of a signed-in merchant. */
export function MerchantShell() {
  const { merchant, isDemo } = useSignedInMerchant();
  const live = useLive();
  const [isPaletteOpen, setPaletteOpen] = useState(false);
  useShortcut("k", () => setPaletteOpen((isOpen) => !isOpen));
  useFocusOnNewPage();
  const nav = isDemo ? demoPages : pages;

  return (
    <NewPayoutProvider>
      <AppShell
        nav={nav}
        account={<AccountMenu merchant={merchant} />}
        tools={
          <>
            <LiveBadge state={live} />
            <ThemeSwitch />
          </>
        }
        banner={
          <>
            {live === "offline" && <OfflineBanner />}
            <UnansweredBanner />
          </>
        }
        onSearch={() => setPaletteOpen(true)}
      >
        <Outlet />
      </AppShell>
      {isPaletteOpen && (
        <Suspense>
          <Palette nav={nav} isOpen={isPaletteOpen} onOpenChange={setPaletteOpen} />
        </Suspense>
      )}
    </NewPayoutProvider>
  );
}

function OfflineBanner() {
  return (
    <div
      role="status"
      className="flex items-center justify-center gap-2 bg-warn-soft px-4 py-2.5 text-center text-warn"
    >
      <WifiOff className="size-4 shrink-0" aria-hidden />
      You are offline. What you see may be old; the page goes on by itself when the connection is back.
    </div>
  );
}

function useShortcut(letter: string, act: () => void): void {
  const press = useEffectEvent(act);
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || event.key.toLowerCase() !== letter) return;
      event.preventDefault();
      press();
    };
    window.addEventListener("keydown", listen);
    return () => window.removeEventListener("keydown", listen);
  }, [letter]);
}

/** A screen reader that follows a link should land on the new page, not stay on the old one's link. */
function useFocusOnNewPage(): void {
  const path = useRouterState({ select: (state) => state.resolvedLocation?.pathname });
  const previous = useRef(path);
  useEffect(() => {
    if (previous.current !== undefined && path !== previous.current) {
      document.getElementById("main")?.focus({ preventScroll: true });
    }
    previous.current = path;
  }, [path]);
}
