import { Link } from "@tanstack/react-router";
import type { Payout } from "@/api/types";
import { StatusBadge } from "@/components/status-badge";
import { Money } from "@/ui/money";
import type { Column } from "@/ui/table";
import { Ago } from "@/ui/time";

export const payoutColumns: readonly Column<Payout>[] = [
  { name: "Bank account", phone: "sub", cell: (payout) => <span className="break-all">{payout.bank_account_id}</span> },
  { name: "Status", phone: "badge", cell: (payout) => <StatusBadge payout={payout} /> },
  { name: "Note", phone: "note", cell: (payout) => noteOf(payout) },
  {
    name: "Amount",
    align: "end",
    phone: "title",
    cell: (payout) => (
      <Link to="/payouts/$id" params={{ id: payout.id }} className="row-link font-medium">
        <Money paise={payout.amount_paise} />
      </Link>
    ),
  },
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

/** Why it failed or is in doubt, or by what the bank knows it. */
function noteOf(payout: Payout) {
  const text = payout.reason ?? payout.in_doubt?.reason ?? (payout.utr && `UTR ${payout.utr}`);
  return text ? (
    <span className="line-clamp-2 min-w-0 first-letter:uppercase max-w-72 break-words text-soft" title={text}>
      {text}
    </span>
  ) : null;
}
