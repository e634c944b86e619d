import { useNavigate } from "@tanstack/react-router";
import { Receipt, Store } from "lucide-react";
import { AppPalette, type AppPaletteProps, notSearchedBefore } from "@/components/app-palette";
import { sayMatched } from "@/components/payout-words";
import { formatPaise } from "@/lib/money";
import type { LookUp, PaletteCommand } from "@/ui/command-palette";
import { useSignOut } from "../actions";
import { type Found, searchEverything } from "../queries";

const merchantBy = { id: "merchant ID", email: "email", name: "name" } as const;

/** Pages and commands by their words; payouts and merchants by exactly what names them, over all merchants. */
export default function Palette(props: AppPaletteProps) {
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
      hint: notSearchedBefore(searched_back_to),
    };
  };
  return (
    <AppPalette
      {...props}
      lookUp={lookUp}
      placeholder="Amount, UTR, ID, account, merchant…"
      signOut={{ name: "Sign out", run: () => signOut.mutate() }}
    />
  );
}
