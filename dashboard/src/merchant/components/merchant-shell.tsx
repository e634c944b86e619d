import { Outlet } from "@tanstack/react-router";
import { ArrowUpRight, BookText, LayoutDashboard, Zap } from "lucide-react";
import { useEffect, useState } from "react";
import { DemoBanner } from "@/components/demo-banner";
import { useConnection } from "@/lib/connection";
import { useZone } from "@/lib/zone";
import { AppShell, type NavItem } from "@/ui/app-shell";
import { ConnectionBanner } from "@/ui/connection-banner";
import { preloadWhenIdle } from "@/ui/lazy-component";
import { ThemeSwitch } from "@/ui/theme-switch";
import { useFocusOnNavigation } from "@/ui/use-focus-on-navigation";
import { useSearchKey } from "@/ui/use-search-key";
import { ZoneSwitch } from "@/ui/zone-switch";
import { lazyComponents, Palette } from "../lazy-components";
import { useLive } from "../live";
import { NewPayoutProvider } from "../new-payout/provider";
import { UnansweredBanner } from "../new-payout/unanswered-banner";
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
  useSearchKey(() => setPaletteOpen((isOpen) => !isOpen));
  useFocusOnNavigation();
  useEffect(() => preloadWhenIdle(lazyComponents), []);
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
      {isPaletteOpen && <Palette nav={nav} isOpen={isPaletteOpen} onOpenChange={setPaletteOpen} />}
    </NewPayoutProvider>
  );
}
