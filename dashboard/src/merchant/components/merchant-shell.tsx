import { Outlet, useRouterState } from "@tanstack/react-router";
import { ArrowUpRight, BookText, LayoutDashboard, Zap } from "lucide-react";
import { useEffect, useEffectEvent, useRef, useState } from "react";
import { DemoBanner } from "@/components/demo-banner";
import { useConnection } from "@/lib/connection";
import { useZone } from "@/lib/zone";
import { AppShell, type NavItem } from "@/ui/app-shell";
import { ConnectionBanner } from "@/ui/connection-banner";
import { ErrorBoundary } from "@/ui/error-boundary";
import { preloadWhenIdle } from "@/ui/lazy-part";
import { ThemeSwitch } from "@/ui/theme-switch";
import { ZoneSwitch } from "@/ui/zone-switch";
import { useLive } from "../live";
import { NewPayoutProvider } from "../new-payout/provider";
import { UnansweredBanner } from "../new-payout/unanswered-banner";
import { Palette, parts } from "../parts";
import { useSignedInMerchant } from "../session";
import { AccountMenu } from "./account-menu";
import { LiveBadge } from "./live-badge";

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
  const { isLost } = useConnection();
  const zone = useZone();
  const [isPaletteOpen, setPaletteOpen] = useState(false);
  useShortcut("k", () => setPaletteOpen((isOpen) => !isOpen));
  useFocusOnNewPage();
  useEffect(() => preloadWhenIdle(parts), []);
  const nav = isDemo ? demoPages : pages;

  return (
    <NewPayoutProvider>
      <AppShell
        nav={nav}
        account={<AccountMenu merchant={merchant} />}
        tools={
          <>
            <LiveBadge state={isLost ? "offline" : live} />
            <ZoneSwitch />
            <ThemeSwitch />
          </>
        }
        banner={
          <>
            {isDemo && <DemoBanner />}
            <ConnectionBanner />
            <UnansweredBanner />
          </>
        }
        onSearch={() => setPaletteOpen(true)}
      >
        {/* Every time on the page is drawn anew in another zone. */}
        <Outlet key={zone} />
      </AppShell>
      {isPaletteOpen && (
        <ErrorBoundary what="The search">
          <Palette nav={nav} isOpen={isPaletteOpen} onOpenChange={setPaletteOpen} />
        </ErrorBoundary>
      )}
    </NewPayoutProvider>
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
