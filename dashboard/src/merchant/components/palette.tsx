import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { LogOut, Plus, Receipt, Search } from "lucide-react";
import { recentPayoutsQuery, searchPayouts } from "@/api/queries";
import type { Payout } from "@/api/types";
import { formatPaise } from "@/lib/money";
import { lookOf, sayMatched } from "@/lib/payout";
import { formatDay } from "@/lib/time";
import type { NavItem } from "@/ui/app-shell";
import CommandPalette, { type LookUp, type PaletteCommand } from "@/ui/command-palette";
import { setTheme } from "@/ui/theme";
import { themes } from "@/ui/theme-switch";
import { toast } from "@/ui/toast";
import { useNewPayout } from "../new-payout/provider";
import { useSignOut } from "../session";

const RECENT = 6;

interface PaletteProps {
  nav: readonly NavItem[];
  isOpen: boolean;
  onOpenChange: (isOpen: boolean) => void;
}

export default function Palette({ nav, isOpen, onOpenChange }: PaletteProps) {
  const navigate = useNavigate();
  const newPayout = useNewPayout();
  const signOut = useSignOut();
  const { data: newest = [] } = useQuery(recentPayoutsQuery(RECENT));

  const ofPayout = (payout: Payout, group: string, note: string): PaletteCommand => ({
    id: payout.id,
    group,
    name: `${formatPaise(payout.amount_paise)} to ${payout.bank_account_id}`,
    note,
    icon: Receipt,
    run: () => void navigate({ to: "/payouts/$id", params: { id: payout.id } }),
  });
  const recent = newest.map((payout) => ofPayout(payout, "Recent payouts", lookOf(payout).name));
  const lookUp = async (text: string, signal: AbortSignal): Promise<LookUp> => {
    const { results, searched_back_to } = await searchPayouts(text, signal);
    return {
      found: results.map(({ payout, matched }) =>
        ofPayout(payout, "Payouts found", `${formatDay(new Date(payout.created_at))} · by ${sayMatched(matched)}`),
      ),
      hint: searched_back_to
        ? `Payouts before ${formatDay(new Date(searched_back_to))} haven't been searched for this; ids, references and UTRs have.`
        : undefined,
    };
  };

  const commands: PaletteCommand[] = [
    {
      id: "new-payout",
      group: "Actions",
      name: "New payout",
      keywords: ["pay", "send", "request"],
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
    name: `Show all payouts that mention “${text}”`,
    icon: Search,
    run: () => void navigate({ to: "/payouts", search: { search: text } }),
  });
  return (
    <CommandPalette
      isOpen={isOpen}
      onOpenChange={onOpenChange}
      commands={commands}
      recent={recent}
      lookUp={lookUp}
      find={find}
      placeholder="Id, reference, UTR, account, amount, or a command"
    />
  );
}
