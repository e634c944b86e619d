import { StatusBadge } from "@/components/status-badge";
import { Money } from "@/ui/money";
import type { Column } from "@/ui/table";
import { Ago } from "@/ui/time";
import type { AdminPayout } from "../queries";
import { MerchantLink, PayoutLink } from "./cells";

const merchant: Column<AdminPayout> = {
  name: "Merchant",
  cell: (payout) => <MerchantLink merchant={payout.merchant} />,
};

const others: Column<AdminPayout>[] = [
  { name: "Payout", cell: (payout) => <PayoutLink merchant={payout.merchant.id} id={payout.id} isRow /> },
  { name: "Bank account", cell: (payout) => <span className="break-all">{payout.bank_account_id}</span> },
  { name: "Status", cell: (payout) => <StatusBadge payout={payout} /> },
  { name: "Attempts", align: "end", phone: "hide", cell: (payout) => payout.attempts },
  { name: "Requested", cell: (payout) => <Ago at={payout.created_at} /> },
  { name: "Amount", align: "end", cell: (payout) => <Money paise={payout.amount_paise} className="font-medium" /> },
];

export const payoutColumns = [merchant, ...others];
export const payoutColumnsOfOne = others;
