import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { LogOut, Plus, Receipt, Search } from "lucide-react";
import { payoutsQuery } from "@/api/queries";
import { formatPaise } from "@/lib/money";
import { lookOf } from "@/lib/payout";
import type { NavItem } from "@/ui/app-shell";
import CommandPalette, { type PaletteCommand } from "@/ui/command-palette";
import { setTheme } from "@/ui/theme";
import { themes } from "@/ui/theme-switch";
import { toast } from "@/ui/toast";
import { useNewPayout } from "../new-payout/provider";
import { useSignOut } from "../session";

const RECENT = 10;

interface PaletteProps {
  nav: readonly NavItem[];
  isOpen: boolean;
  onOpenChange: (isOpen: boolean) => void;
}

export default function Palette({ nav, isOpen, onOpenChange }: PaletteProps) {
  const navigate = useNavigate();
  const newPayout = useNewPayout();
  const signOut = useSignOut();
  const recent = useRecentPayouts();

  const commands: PaletteCommand[] = [
    {
      id: "new-payout",
      group: "Do",
      name: "Request a payout",
      keywords: ["pay", "send", "new"],
      icon: Plus,
      run: () => newPayout(),
    },
    ...nav.map(({ to, name, icon }) => ({
      id: to,
      group: "Go to",
      name,
      icon,
      run: () => void navigate({ to }),
    })),
    ...recent.map((payout) => ({
      id: payout.id,
      group: "Recent payouts",
      name: `${formatPaise(payout.amount_paise)} to ${payout.bank_account_id}`,
      note: lookOf(payout).name,
      keywords: [payout.reference, payout.utr ?? ""],
      icon: Receipt,
      run: () => void navigate({ to: "/payouts/$id", params: { id: payout.id } }),
    })),
    ...themes.map(({ value, name, icon }) => ({
      id: `theme-${value}`,
      group: "Settings",
      name: `Theme: ${name.toLowerCase()}`,
      icon,
      run: () => setTheme(value),
    })),
    {
      id: "sign-out",
      group: "Settings",
      name: "Sign out or change key",
      icon: LogOut,
      run: () => void signOut().catch(() => toast("You are still signed in", { tone: "bad" })),
    },
  ];
  const find = (text: string): PaletteCommand => ({
    id: "find",
    group: "Payouts",
    name: `Search payouts for “${text}”`,
    icon: Search,
    run: () => void navigate({ to: "/payouts", search: { search: text } }),
  });
  return <CommandPalette isOpen={isOpen} onOpenChange={onOpenChange} commands={commands} find={find} />;
}

function useRecentPayouts() {
  const { data } = useInfiniteQuery(payoutsQuery({}, RECENT));
  return data?.pages[0]?.items ?? [];
}
