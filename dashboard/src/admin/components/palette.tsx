import { useNavigate } from "@tanstack/react-router";
import { LogOut, Receipt, Search, Store } from "lucide-react";
import { formatPaise } from "@/lib/money";
import { sayMatched } from "@/lib/payout";
import { formatDay } from "@/lib/time";
import type { NavItem } from "@/ui/app-shell";
import CommandPalette, { type LookUp, type PaletteCommand } from "@/ui/command-palette";
import { setTheme } from "@/ui/theme";
import { themes } from "@/ui/theme-switch";
import { useSignOut } from "../actions";
import { type Found, searchEverything } from "../api";

interface PaletteProps {
  nav: readonly NavItem[];
  isOpen: boolean;
  onOpenChange: (isOpen: boolean) => void;
}

const merchantBy = { id: "merchant id", email: "e-mail", name: "name" } as const;

/** Pages and commands by their words; payouts and merchants by exactly what names them, over all merchants. */
export default function Palette({ nav, isOpen, onOpenChange }: PaletteProps) {
  const navigate = useNavigate();
  const signOut = useSignOut();

  const ofMerchant = ({ merchant, matched }: Found["merchants"][number]): PaletteCommand => ({
    id: merchant.id,
    group: "Merchants found",
    name: merchant.name,
    note: `by ${matched.map((by) => merchantBy[by]).join(" and ")}`,
    icon: Store,
    run: () => void navigate({ to: "/merchants/$merchant", params: { merchant: merchant.id } }),
  });
  const ofPayout = ({ payout, matched }: Found["payouts"][number]): PaletteCommand => ({
    id: payout.id,
    group: "Payouts found",
    name: `${formatPaise(payout.amount_paise)} of ${payout.merchant.name} to ${payout.bank_account_id}`,
    note: `by ${sayMatched(matched)}`,
    icon: Receipt,
    run: () => void navigate({ to: "/payouts/$merchant/$id", params: { merchant: payout.merchant.id, id: payout.id } }),
  });
  const lookUp = async (text: string, signal: AbortSignal): Promise<LookUp> => {
    const { merchants, payouts, searched_back_to } = await searchEverything(text, signal);
    return {
      found: [...payouts.map(ofPayout), ...merchants.map(ofMerchant)],
      hint: searched_back_to
        ? `Payouts before ${formatDay(new Date(searched_back_to))} haven't been searched for this; ids, references and UTRs have.`
        : undefined,
    };
  };
  const commands: PaletteCommand[] = [
    ...nav.map(({ to, name, icon }) => ({ id: to, group: "Go to", name, icon, run: () => void navigate({ to }) })),
    ...themes.map(({ value, name, icon }) => ({
      id: `theme-${value}`,
      group: "Settings",
      name: `Theme: ${name.toLowerCase()}`,
      icon,
      run: () => setTheme(value),
    })),
    { id: "sign-out", group: "Settings", name: "Sign out", icon: LogOut, run: () => signOut.mutate() },
  ];
  const find = (text: string): PaletteCommand => ({
    id: "find",
    group: "Payouts",
    name: `Show all payouts that mention “${text}”`,
    icon: Search,
    run: () => void navigate({ to: "/payouts", search: { search: text } as never }),
  });
  return (
    <CommandPalette
      isOpen={isOpen}
      onOpenChange={onOpenChange}
      commands={commands}
      lookUp={lookUp}
      find={find}
      placeholder="Id, reference, UTR, account, amount, merchant, or a command"
    />
  );
}
