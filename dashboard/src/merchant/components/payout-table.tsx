import { Link } from "@tanstack/react-router";
import type { Payout } from "@/api/types";
import { StatusBadge } from "@/components/status-badge";
import { Money } from "@/ui/money";
import { type Column, Table } from "@/ui/table";
import { Ago } from "@/ui/time";

const columns: readonly Column<Payout>[] = [
  {
    name: "Amount",
    phone: "title",
    cell: (payout) => (
      <Link to="/payouts/$id" params={{ id: payout.id }} className="row-link font-medium">
        <Money paise={payout.amount_paise} />
      </Link>
    ),
  },
  { name: "Status", phone: "badge", cell: (payout) => <StatusBadge payout={payout} /> },
  { name: "Bank account", phone: "sub", cell: (payout) => <span className="break-all">{payout.bank_account_id}</span> },
  { name: "Note", phone: "hide", cell: (payout) => noteOf(payout) },
  {
    name: "Requested",
    align: "end",
    phone: "aside",
    cell: (payout) => (
      <span className="text-soft">
        <Ago at={payout.created_at} />
      </span>
    ),
  },
];

function noteOf(payout: Payout) {
  const text = payout.reason ?? payout.in_doubt?.reason ?? (payout.utr && `UTR ${payout.utr}`);
  return text ? (
    <span className="line-clamp-1 max-w-72 text-soft max-sm:max-w-56" title={text}>
      {text}
    </span>
  ) : null;
}

export const PayoutTable = ({ payouts, caption }: { payouts: readonly Payout[]; caption: string }) => (
  <Table caption={caption} columns={columns} rows={payouts} rowKey={({ id }) => id} hasRowLinks />
);
