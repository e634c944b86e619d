import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { ArrowLeft, BookOpenText, Landmark, SendHorizontal } from "lucide-react";
import { useState } from "react";
import { ApiError, inWords } from "@/api/errors";
import { Preview } from "@/components/filtered-list";
import { formatPaise } from "@/lib/money";
import { PageHeader } from "@/ui/app-shell";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { Copyable } from "@/ui/copy-button";
import { Fit } from "@/ui/fit";
import { Money } from "@/ui/money";
import { ErrorState, Skeleton, SkeletonRows } from "@/ui/states";
import { useTitle } from "@/ui/use-title";
import { ActButton } from "../components/act-button";
import { KeysCard } from "../components/keys-card";
import { ledgerColumnsOfOne } from "../components/ledger-columns";
import { payoutColumnsOfOne } from "../components/payout-columns";
import { useHasDraft } from "../draft";
import { draftOf, FundDialog } from "../funding/fund-dialog";
import { ledgerList, type MerchantDetail, merchantQuery, payoutList } from "../queries";

const FEW = "5";

export default function MerchantPage() {
  const { merchant: id = "" } = useParams({ strict: false });
  const { data: merchant, error, refetch } = useQuery(merchantQuery(id));
  const [isFunding, setFunding] = useState(useHasDraft(draftOf({ id })));
  useTitle(merchant?.name ?? "Merchant");

  if (error && !merchant) {
    const isUnknown = error instanceof ApiError && error.status === 404;
    return (
      <ErrorState
        title={isUnknown ? "There is no such merchant" : "The merchant could not be loaded"}
        {...(isUnknown ? {} : { onRetry: () => void refetch() })}
      >
        {isUnknown ? <Link to="/merchants">All merchants</Link> : inWords(error)}
      </ErrorState>
    );
  }
  return (
    <>
      <PageHeader
        back={
          <Link to="/merchants" className="mb-1 inline-flex items-center gap-1.5 text-soft hover:text-ink">
            <ArrowLeft className="size-4" aria-hidden />
            Merchants
          </Link>
        }
        title={merchant?.name ?? <Skeleton className="h-8 w-56" />}
        hint={merchant && <About merchant={merchant} />}
        actions={
          merchant && (
            <ActButton variant="primary" onClick={() => setFunding(true)}>
              <Landmark aria-hidden />
              Fund
            </ActButton>
          )
        }
      />
      <div className="grid gap-5">
        <Balances merchant={merchant} />
        {merchant ? <KeysCard merchant={merchant} /> : <SkeletonRows count={3} />}
        <RecentPayouts merchant={id} />
        <RecentEntries merchant={id} />
      </div>
      {merchant && isFunding && <FundDialog merchant={merchant} onClose={() => setFunding(false)} />}
    </>
  );
}

const About = ({ merchant }: { merchant: MerchantDetail }) => (
  <span className="flex flex-wrap items-center gap-x-4 gap-y-1">
    <span>{merchant.email}</span>
    <Copyable value={merchant.id} what="merchant ID" />
  </span>
);

function Balances({ merchant }: { merchant: MerchantDetail | undefined }) {
  const total = merchant && merchant.available_paise + merchant.held_paise;
  const figures: [string, number | undefined][] = [
    ["Available", merchant?.available_paise],
    ["Held", merchant?.held_paise],
    ["Total", total],
  ];
  return (
    <dl className="grid gap-px overflow-hidden rounded-box border border-line bg-line shadow-box sm:grid-cols-3">
      {figures.map(([name, paise]) => (
        <div key={name} className="min-w-0 bg-surface px-5 py-4">
          <dt className="text-[0.8125rem] text-faint">{name}</dt>
          <dd className="mt-1 font-semibold">
            {paise === undefined ? (
              <Skeleton className="my-1 h-5 w-32" />
            ) : (
              <Fit most={1.25} length={formatPaise(paise).length}>
                <Money paise={paise} />
              </Fit>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}

const AllOf = ({ to, merchant }: { to: "/payouts" | "/ledger"; merchant: string }) => (
  <Button asChild size="small">
    <Link to={to} search={{ merchant } as never}>
      Show all
    </Link>
  </Button>
);

function RecentPayouts({ merchant }: { merchant: string }) {
  return (
    <Card title="Recent payouts" actions={<AllOf to="/payouts" merchant={merchant} />}>
      <Preview
        source={payoutList}
        filter={{ merchant, limit: FEW }}
        caption="Recent payouts"
        columns={payoutColumnsOfOne}
        rowKey={(payout) => payout.id}
        hasRowLinks
        empty={{ icon: SendHorizontal, title: "No payouts yet" }}
      />
    </Card>
  );
}

function RecentEntries({ merchant }: { merchant: string }) {
  return (
    <Card title="Recent ledger entries" actions={<AllOf to="/ledger" merchant={merchant} />}>
      <Preview
        source={ledgerList}
        filter={{ merchant, limit: FEW }}
        caption="Recent ledger entries"
        columns={ledgerColumnsOfOne}
        rowKey={(entry) => entry.id}
        empty={{
          icon: BookOpenText,
          title: "The ledger is empty",
          text: "Fund the merchant to write the first entry.",
        }}
      />
    </Card>
  );
}
