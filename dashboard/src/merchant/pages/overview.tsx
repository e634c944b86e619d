import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ArrowRight, ArrowUpRight } from "lucide-react";
import { useState } from "react";
import { inWords } from "@/api/errors";
import type { Insights } from "@/api/types";
import { Empty } from "@/components/filtered-list";
import { useZone, zoneName } from "@/lib/zone";
import { PageHeader } from "@/ui/app-shell";
import { Button } from "@/ui/button";
import { Card, CardBody } from "@/ui/card";
import { Segments } from "@/ui/segments";
import { EmptyState, ErrorState, Skeleton, SkeletonRows } from "@/ui/states";
import { Table } from "@/ui/table";
import { useTitle } from "@/ui/use-title";
import { Balances } from "../components/balances";
import { NewPayoutButton } from "../components/new-payout-button";
import { noPayouts } from "../components/no-payouts";
import { payoutColumns } from "../components/payout-columns";
import { BalanceChart, OutcomeChart } from "../lazy-components";
import { insightsQuery, recentPayoutsQuery } from "../queries";
import { useSignedInMerchant } from "../session";

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
  const zone = useZone();
  const [days, setDays] = useState<(typeof ranges)[number]["value"]>("7");
  const { data, error, refetch } = useQuery(insightsQuery(Number(days), zone));
  const shown = { data, error, onRetry: () => void refetch() };
  const counted = data && !data.is_complete ? `The newest ${data.counted.toLocaleString("en-IN")} payouts` : undefined;
  return (
    <section aria-label="Charts" className="grid gap-3">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <p className="text-[0.8125rem] text-soft">Both charts use {zoneName(zone)}</p>
        <Segments label="Period of both charts" value={days} options={ranges} onChange={setDays} />
      </div>
      <div className="grid gap-5 lg:grid-cols-2">
        <Card title="Balance over time">
          <CardBody>
            <Shown {...shown}>{({ balance }) => <BalanceChart balance={balance} now={new Date()} />}</Shown>
          </CardBody>
        </Card>
        <Card title="Payouts by outcome" hint={counted}>
          <CardBody>
            <Shown {...shown}>
              {({ outcomes, counted: count }) =>
                count > 0 ? (
                  <OutcomeChart outcomes={outcomes} />
                ) : (
                  <EmptyState icon={ArrowUpRight} title="No payouts in this period">
                    The outcome of each payout appears here, day by day.
                  </EmptyState>
                )
              }
            </Shown>
          </CardBody>
        </Card>
      </div>
    </section>
  );
}

interface ShownProps {
  data: Insights | undefined;
  error: Error | null;
  onRetry: () => void;
  children: (data: Insights) => React.ReactNode;
}

function Shown({ data, error, onRetry, children }: ShownProps) {
  if (data) return children(data);
  if (!error) return <Skeleton className="h-64 rounded-lg opacity-60" />;
  return (
    <ErrorState title="The chart could not be loaded" onRetry={onRetry}>
      {inWords(error)}
    </ErrorState>
  );
}

function RecentPayouts() {
  const { data: payouts, error, refetch } = useQuery(recentPayoutsQuery(RECENT));
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
          <Table caption="Recent payouts" columns={payoutColumns} rows={payouts} rowKey={({ id }) => id} hasRowLinks />
        ) : (
          <Empty {...noPayouts} />
        )
      ) : error ? (
        <ErrorState title="The payouts could not be loaded" onRetry={() => void refetch()}>
          {inWords(error)}
        </ErrorState>
      ) : (
        <SkeletonRows count={RECENT} label="Loading the payouts" />
      )}
    </Card>
  );
}
