import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Plus, Receipt } from "lucide-react";
import type { Payout } from "@/api/types";
import { AppPalette, type AppPaletteProps, notSearchedBefore } from "@/components/app-palette";
import { lookOf, sayMatched } from "@/components/payout-words";
import { formatPaise } from "@/lib/money";
import { formatDay } from "@/lib/time";
import type { LookUp, PaletteCommand } from "@/ui/command-palette";
import { toast } from "@/ui/toast";
import { useNewPayout } from "../new-payout/context";
import { recentPayoutsQuery, searchPayouts } from "../queries";
import { useSignOut } from "../session";

const RECENT = 6;

export default function Palette(props: AppPaletteProps) {
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
      hint: notSearchedBefore(searched_back_to),
    };
  };

  const actions: PaletteCommand[] = [
    {
      id: "new-payout",
      group: "Actions",
      name: "New payout",
      keywords: ["pay", "send", "request"],
      icon: Plus,
      run: () => newPayout(),
    },
  ];
  return (
    <AppPalette
      {...props}
      actions={actions}
      recent={recent}
      lookUp={lookUp}
      placeholder="Amount, UTR, ID, account…"
      signOut={{
        name: "Sign out or change key",
        run: () => void signOut().catch(() => toast("You are still signed in", { tone: "bad" })),
      }}
    />
  );
}
