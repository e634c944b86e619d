import { useQuery } from "@tanstack/react-query";
import { ShieldCheck } from "lucide-react";
import { inWords } from "@/api/errors";
import { formatSpan } from "@/lib/time";
import { useNow } from "@/lib/use-now";
import { PageHeader } from "@/ui/app-shell";
import { Card } from "@/ui/card";
import { Money } from "@/ui/money";
import { EmptyState, ErrorState, SkeletonRows } from "@/ui/states";
import { type Column, Table } from "@/ui/table";
import { Countdown } from "@/ui/time";
import { useKeptFocus } from "@/ui/use-kept-focus";
import { useTitle } from "@/ui/use-title";
import { MerchantLink, PayoutLink } from "../components/cells";
import { DoubtActions, useDeciding } from "../components/doubt-actions";
import { type AdminPayout, DOUBTFUL_LIMIT, doubtfulQuery } from "../queries";

const columns = (onResolve: (payout: AdminPayout) => void): Column<AdminPayout>[] => [
  { name: "In doubt for", phone: "title", cell: ({ in_doubt }) => in_doubt && <Age since={in_doubt.since} /> },
  { name: "Payout", cell: (payout) => <PayoutLink merchant={payout.merchant.id} id={payout.id} isRow /> },
  { name: "Merchant", cell: (payout) => <MerchantLink merchant={payout.merchant} /> },
  { name: "Amount", align: "end", cell: (payout) => <Money paise={payout.amount_paise} className="font-medium" /> },
  { name: "Why", cell: (payout) => <Waits payout={payout} /> },
  {
    name: "Actions",
    align: "end",
    cell: (payout) => <DoubtActions payout={payout} size="small" onResolve={onResolve} />,
  },
];

export default function DoubtfulPage() {
  useTitle("In doubt");
  const { data, error, refetch } = useQuery(doubtfulQuery);
  const { resolve, dialog } = useDeciding(data);
  useKeptFocus(data?.length);
  return (
    <>
      <PageHeader
        title="In doubt"
        hint="Payouts whose last call to the bank got no definite answer, oldest first. Their amounts stay held until the outcome is certain."
      />
      <Card>
        {data && data.length > 0 && (
          <Table
            caption="Payouts in doubt"
            columns={columns(resolve)}
            rows={data}
            rowKey={(payout) => payout.id}
            hasRowLinks
          />
        )}
        {data?.length === DOUBTFUL_LIMIT && (
          <p className="border-line border-t px-5 py-3 text-faint">The oldest {DOUBTFUL_LIMIT}. There may be more.</p>
        )}
        {data?.length === 0 && (
          <EmptyState icon={ShieldCheck} title="No payout is in doubt">
            The bank has given a definite answer to every call.
          </EmptyState>
        )}
        {!data && !error && <SkeletonRows label="Loading: payouts in doubt" />}
        {!data && error && (
          <ErrorState title="The list could not be loaded" onRetry={() => refetch()}>
            {inWords(error)}
          </ErrorState>
        )}
      </Card>
      {dialog}
    </>
  );
}

const OLD_MS = 24 * 60 * 60 * 1000;

function Age({ since }: { since: string }) {
  const now = useNow();
  const age = now.getTime() - new Date(since).getTime();
  return (
    <span className={`tabular whitespace-nowrap font-medium ${age > OLD_MS ? "text-bad" : ""}`}>{formatSpan(age)}</span>
  );
}

const calls: Record<NonNullable<AdminPayout["next_step"]>, string> = {
  submit: "Next: send it to the bank again",
  enquire: "Next: ask the bank",
  close: "Next: ask the bank, and have it refuse the payout if it never received it",
};

/** Why it is in doubt, and the next call to the bank, which a worker makes automatically. */
const Waits = ({ payout: { in_doubt, next_step, next_step_at } }: { payout: AdminPayout }) => (
  <span className="min-w-0">
    <span className="block break-words">{in_doubt?.reason}</span>
    <span className="block text-[0.8125rem] text-faint">
      {next_step ? calls[next_step] : "Next: an operator resolves it"}
      {next_step_at && (
        <>
          , <Countdown to={next_step_at} />
        </>
      )}
    </span>
  </span>
);
