import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ArrowRight, ArrowUpRight } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { inWords } from "@/api/errors";
import { insightsQuery, payoutsQuery } from "@/api/queries";
import type { Insights } from "@/api/types";
import { PageHeader } from "@/ui/app-shell";
import { Button } from "@/ui/button";
import { Card, CardBody } from "@/ui/card";
import { Segments } from "@/ui/segments";
import { EmptyState, ErrorState, Skeleton, SkeletonRows } from "@/ui/states";
import { useTitle } from "@/ui/use-title";
import { Balances } from "../components/balances";
import { NewPayoutButton } from "../components/new-payout-button";
import { PayoutTable } from "../components/payout-table";
import { useSignedInMerchant } from "../session";

const BalanceChart = lazy(async () => ({ default: (await import("../charts")).BalanceChart }));
const OutcomeChart = lazy(async () => ({ default: (await import("../charts")).OutcomeChart }));

const RECENT = 6;
const ranges = [
  { value: "7", name: "7 days" },
  { value: "30", name: "30 days" },
  { value: "90", name: "90 days" },
] as const;

export function Overview() {
  useTitle("Overview");
  const { merchant } = useSignedInMerchant();
  return (
    <>
      <PageHeader title="Overview" hint={merchant.name} actions={<NewPayoutButton />} />
      <div className="grid gap-5">
        <Balances />
        <Charts />
        <RecentPayouts />
      </div>
    </>
  );
}

function Charts() {
  const [days, setDays] = useState<(typeof ranges)[number]["value"]>("7");
  const { data, error, refetch } = useQuery(insightsQuery(Number(days)));
  const range = <Segments label="How far back" value={days} options={ranges} onChange={setDays} />;
  return (
    <div className="grid gap-5 lg:grid-cols-2">
      <Card title="Balance over time" actions={range}>
        <CardBody>
          <Shown data={data} error={error} onRetry={() => void refetch()}>
            {({ balance }) => <BalanceChart balance={balance} now={new Date()} />}
          </Shown>
        </CardBody>
      </Card>
      <Card title="Payouts by outcome" hint={data && !data.is_complete ? `The newest ${data.counted}` : undefined}>
        <CardBody>
          <Shown data={data} error={error} onRetry={() => void refetch()}>
            {({ outcomes, counted }) =>
              counted > 0 ? (
                <OutcomeChart outcomes={outcomes} />
              ) : (
                <EmptyState icon={ArrowUpRight} title="No payouts in these days">
                  What becomes of each payout shows here, day by day.
                </EmptyState>
              )
            }
          </Shown>
        </CardBody>
      </Card>
    </div>
  );
}

interface ShownProps {
  data: Insights | undefined;
  error: Error | null;
  onRetry: () => void;
  children: (data: Insights) => React.ReactNode;
}

function Shown({ data, error, onRetry, children }: ShownProps) {
  const waiting = <Skeleton className="h-64 rounded-lg opacity-60" />;
  if (data) return <Suspense fallback={waiting}>{children(data)}</Suspense>;
  if (!error) return waiting;
  return (
    <ErrorState title="The figures could not be read" onRetry={onRetry}>
      {inWords(error)}
    </ErrorState>
  );
}

function RecentPayouts() {
  const { data, error, refetch } = useInfiniteQuery(payoutsQuery({}, RECENT));
  const payouts = data?.pages[0]?.items;
  const all = (
    <Button asChild variant="ghost" size="small" className="-mr-3">
      <Link to="/payouts">
        All payouts <ArrowRight aria-hidden />
      </Link>
    </Button>
  );
  return (
    <Card title="Recent payouts" actions={all}>
      {payouts ? (
        payouts.length > 0 ? (
          <PayoutTable payouts={payouts} caption="Recent payouts" />
        ) : (
          <EmptyState icon={ArrowUpRight} title="No payouts yet" action={<NewPayoutButton />}>
            Ask for the first one: its amount is held at once, and you can follow every step.
          </EmptyState>
        )
      ) : error ? (
        <ErrorState title="The payouts could not be read" onRetry={() => void refetch()}>
          {inWords(error)}
        </ErrorState>
      ) : (
        <SkeletonRows count={RECENT} label="Reading the payouts" />
      )}
    </Card>
  );
}
