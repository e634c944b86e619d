import { kinds } from "@/components/payout-words";
import { Badge } from "@/ui/badge";
import { Money, Movement } from "@/ui/money";
import type { Column } from "@/ui/table";
import { Ago } from "@/ui/time";
import type { AdminLedgerEntry } from "../queries";
import { MerchantLink, PayoutLink } from "./cells";

const signed = ({ kind, amount_paise }: AdminLedgerEntry) => kinds[kind].sign * amount_paise;

const merchant: Column<AdminLedgerEntry> = {
  name: "Merchant",
  cell: (entry) => <MerchantLink merchant={entry.merchant} />,
};

const others: Column<AdminLedgerEntry>[] = [
  { name: "No.", align: "end", phone: "hide", cell: (entry) => entry.number },
  {
    name: "Kind",
    cell: ({ kind }) => <Badge tone={kinds[kind].tone}>{kinds[kind].name}</Badge>,
  },
  {
    name: "Description",
    cell: (entry) => (
      <span className="break-words">
        {entry.description} {entry.payout_id && <PayoutLink merchant={entry.merchant.id} id={entry.payout_id} />}
      </span>
    ),
  },
  { name: "When", cell: (entry) => <Ago at={entry.created_at} /> },
  {
    name: "Amount",
    align: "end",
    // A settlement leaves the available balance as it is: the amount alone, without a sign.
    cell: (entry) => (signed(entry) === 0 ? <Money paise={entry.amount_paise} /> : <Movement paise={signed(entry)} />),
  },
  // Both under each other: two columns of crores would leave no room for the description.
  { name: "Balance after", align: "end", cell: (entry) => <BalancesAfter entry={entry} /> },
];

const BalancesAfter = ({ entry }: { entry: AdminLedgerEntry }) => (
  <span className="inline-grid">
    <Money paise={entry.available_after_paise} />
    <span className="text-[0.8125rem] text-faint">
      <Money paise={entry.held_after_paise} /> held
    </span>
  </span>
);

export const ledgerColumns = [merchant, ...others];
export const ledgerColumnsOfOne = others;
