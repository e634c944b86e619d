import { Gavel } from "lucide-react";
import { Money } from "@/ui/money";
import type { Column } from "@/ui/table";
import { Ago, Countdown } from "@/ui/time";
import { nameOfKind } from "../exception-kinds";
import type { AdminException, AdminWaitingReturn } from "../queries";
import { ActButton } from "./act-button";
import { readable } from "./action-columns";
import { MerchantLink, PayoutLink, PayoutSearchLink } from "./cells";

const What = ({ exception: { kind, detail } }: { exception: AdminException }) => (
  <span className="block min-w-0 text-left">
    <span className="block font-medium">{nameOfKind(kind)}</span>
    <span className="block font-normal text-[0.8125rem] text-soft [overflow-wrap:anywhere]">{readable(detail)}</span>
  </span>
);

const Whose = ({ exception }: { exception: AdminException }) => {
  const { merchant, payout_id, other_payout_id } = exception;
  if (!merchant && !payout_id && !other_payout_id) return null;
  return (
    <span className="grid gap-0.5">
      {payout_id &&
        (merchant ? <PayoutLink merchant={merchant.id} id={payout_id} /> : <PayoutSearchLink id={payout_id} />)}
      {other_payout_id && <PayoutSearchLink id={other_payout_id} />}
      {merchant && <MerchantLink merchant={merchant} />}
    </span>
  );
};

interface FactsProps {
  paise: number | null;
  utr: string | null;
  /** The other side says something else. */
  differs: { paise: boolean; utr: boolean };
}

/** An amount and a UTR, as far as they were stated. What differs stands out, and says so to a screen reader. */
const Facts = ({ paise, utr, differs }: FactsProps) => (
  <span className="grid gap-0.5">
    {paise !== null && (
      <span className={differs.paise ? "font-semibold text-bad" : ""}>
        <Money paise={paise} />
        {differs.paise && <span className="sr-only"> (differs)</span>}
      </span>
    )}
    {utr !== null && (
      <span
        className={`font-mono text-xs [overflow-wrap:anywhere] ${differs.utr ? "font-semibold text-bad" : "text-soft"}`}
      >
        {utr}
        {differs.utr && <span className="sr-only"> (differs)</span>}
      </span>
    )}
  </span>
);

const NO_DIFFERENCE = { paise: false, utr: false };

const differences = ({ stated_paise, expected_paise, stated_utr, expected_utr }: AdminException) => ({
  paise: stated_paise !== null && expected_paise !== null && stated_paise !== expected_paise,
  utr: stated_utr !== null && expected_utr !== null && stated_utr !== expected_utr,
});

const Stated = ({ exception }: { exception: AdminException }) => (
  <Facts paise={exception.stated_paise} utr={exception.stated_utr} differs={differences(exception)} />
);

const Expected = ({ exception }: { exception: AdminException }) => (
  <Facts paise={exception.expected_paise} utr={exception.expected_utr} differs={NO_DIFFERENCE} />
);

const Resolution = ({ of: { at, by, reason } }: { of: NonNullable<AdminException["resolution"]> }) => (
  <span className="grid gap-0.5">
    <span>
      {by}, <Ago at={at} />
    </span>
    <q className="text-soft [overflow-wrap:anywhere]">{reason}</q>
  </span>
);

/** An empty cell is left out on a phone. */
export const exceptionColumns = (onResolve: (exception: AdminException) => void): Column<AdminException>[] => [
  { name: "Exception", phone: "title", cell: (exception) => <What exception={exception} /> },
  { name: "Payout", cell: (exception) => Whose({ exception }) },
  {
    name: "The bank stated",
    cell: (exception) =>
      (exception.stated_paise !== null || exception.stated_utr !== null) && <Stated exception={exception} />,
  },
  {
    name: "Expected",
    cell: (exception) =>
      (exception.expected_paise !== null || exception.expected_utr !== null) && <Expected exception={exception} />,
  },
  { name: "Found", cell: ({ created_at }) => <Ago at={created_at} /> },
  {
    name: "Resolution",
    cell: (exception) =>
      exception.resolution ? (
        <Resolution of={exception.resolution} />
      ) : (
        <ActButton size="small" onClick={() => onResolve(exception)}>
          <Gavel aria-hidden />
          Resolve<span className="sr-only"> exception: {nameOfKind(exception.kind)}</span>
        </ActButton>
      ),
  },
];

export const waitingColumns: Column<AdminWaitingReturn>[] = [
  {
    name: "Return",
    phone: "title",
    cell: ({ return_number }) => <span className="tabular font-medium">No. {return_number}</span>,
  },
  { name: "Payout", cell: ({ merchant, payout_id }) => <PayoutLink merchant={merchant.id} id={payout_id} /> },
  { name: "Merchant", cell: ({ merchant }) => <MerchantLink merchant={merchant} /> },
  { name: "Amount", align: "end", cell: ({ amount_paise }) => <Money paise={amount_paise} /> },
  { name: "UTR", cell: ({ utr }) => <span className="font-mono text-xs [overflow-wrap:anywhere]">{utr}</span> },
  { name: "Why", cell: ({ waits_for }) => <span className="[overflow-wrap:anywhere]">{waits_for}</span> },
  { name: "Next try", cell: ({ next_try_at, tries }) => <NextTry at={next_try_at} tries={tries} /> },
];

const NextTry = ({ at, tries }: { at: string; tries: number }) => (
  <span>
    <span className="block">
      <Countdown to={at} />
    </span>
    <span className="block whitespace-nowrap text-[0.8125rem] text-faint">
      {tries === 1 ? "1 try so far" : `${tries} tries so far`}
    </span>
  </span>
);
