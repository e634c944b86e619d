import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleCheck, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { inWords } from "@/api/errors";
import { PageHeader } from "@/ui/app-shell";
import { Card, CardBody } from "@/ui/card";
import { Money } from "@/ui/money";
import { ErrorState, Skeleton } from "@/ui/states";
import { Ago } from "@/ui/time";
import { useTitle } from "@/ui/use-title";
import { type Alarm, alarms } from "../alarms";
import { AlarmList } from "../components/alarm-list";
import { BankCard } from "../components/bank-card";
import { RailsCard } from "../components/rails-card";
import { VerifyCard } from "../components/verify-card";
import { WorkersCard } from "../components/workers-card";
import { type Overview, overviewQuery, type TrialBalance } from "../queries";

export default function OverviewPage() {
  useTitle("Overview");
  const { data, error, refetch } = useQuery(overviewQuery);
  return (
    <>
      <PageHeader title="Overview" hint="System health, live from the ledger." />
      {error && !data ? (
        <ErrorState title="The overview could not be loaded" onRetry={() => refetch()}>
          {inWords(error)}
        </ErrorState>
      ) : (
        <div className="grid gap-5">
          <AlarmList alarms={data ? alarms(data) : []} />
          <Figures overview={data} />
          <div className="grid items-start gap-5 lg:grid-cols-2">
            <Balance balance={data?.trial_balance} />
            <VerifyCard />
          </div>
          <RailsCard banks={data?.banks ?? []} />
          <WorkersCard workers={data?.workers} />
          <BankCard workers={data?.workers} />
        </div>
      )}
    </>
  );
}

const STUCK: Alarm["id"][] = ["another-bank", "no-worker", "workers-behind"];

function Figures({ overview }: { overview: Overview | undefined }) {
  const { merchants, in_doubt: doubt, due } = overview ?? {};
  const isStuck = Boolean(overview?.due.count && alarms(overview).some(({ id }) => STUCK.includes(id)));
  return (
    <div className="grid gap-5 sm:grid-cols-3">
      <Figure name="Merchants" to="/merchants" figure={merchants?.toLocaleString("en-IN")}>
        Each has a ledger of its own
      </Figure>
      <Figure
        name="In doubt"
        to="/doubtful"
        tone={doubt?.count ? "warn" : undefined}
        figure={doubt && <Capped {...doubt} />}
      >
        {doubt?.oldest_since ? (
          <>
            The oldest since <Ago at={doubt.oldest_since} />
          </>
        ) : (
          "The bank has answered every call"
        )}
      </Figure>
      <Figure
        name="Due now"
        to="/payouts"
        search={{ status: "pending" }}
        tone={isStuck ? "bad" : undefined}
        figure={due && <Capped {...due} />}
      >
        {due?.oldest_due_at ? (
          <>
            The oldest was due <Ago at={due.oldest_due_at} />
          </>
        ) : (
          "No payout waits for a worker"
        )}
      </Figure>
    </div>
  );
}

const Capped = ({ count, is_capped }: { count: number; is_capped: boolean }) => (
  <>
    {count.toLocaleString("en-IN")}
    {is_capped && " or more"}
  </>
);

const tones = { warn: "text-warn", bad: "text-bad" };

function Figure({ name, to, search, figure, tone, children }: FigureProps) {
  return (
    <Link
      to={to}
      search={(search ?? {}) as never}
      className="rounded-box border border-line bg-surface px-5 py-4 shadow-box hover:border-edge"
    >
      <span className="block text-[0.8125rem] text-faint">{name}</span>
      <span className={`tabular mt-1 block font-semibold text-2xl ${tone ? tones[tone] : ""}`}>
        {figure ?? <Skeleton className="my-1.5 h-6 w-16" />}
      </span>
      <span className="mt-0.5 block text-[0.8125rem] text-soft">{figure ? children : " "}</span>
    </Link>
  );
}

interface FigureProps {
  name: string;
  to: string;
  search?: Record<string, string>;
  figure: ReactNode;
  tone?: keyof typeof tones | undefined;
  children: ReactNode;
}

function Balance({ balance }: { balance: TrialBalance | undefined }) {
  const lines: [string, string, number | undefined][] = [
    ["Available", "What merchants can spend", balance?.available_paise],
    ["Held", "Reserved for payouts in progress", balance?.held_paise],
    ["Bank", "Paid out minus funded", balance?.bank_paise],
  ];
  return (
    <Card title="Trial balance" hint="The three accounts of all merchants, summed. Their total is always zero.">
      <CardBody>
        <dl>
          {lines.map(([name, hint, paise]) => (
            <div key={name} className="flex items-baseline justify-between gap-4 border-line border-b py-2.5">
              <dt>
                {name}
                <span className="block text-[0.8125rem] text-faint">{hint}</span>
              </dt>
              <dd className="font-medium">
                {paise === undefined ? <Skeleton className="w-28" /> : <Money paise={paise} />}
              </dd>
            </div>
          ))}
        </dl>
        {balance && <Difference paise={balance.difference_paise} />}
      </CardBody>
    </Card>
  );
}

function Difference({ paise }: { paise: number }) {
  const Icon = paise === 0 ? CircleCheck : TriangleAlert;
  return (
    <div className={`mt-3 flex items-center gap-2 font-semibold ${paise === 0 ? "text-good" : "text-bad"}`}>
      <Icon className="size-5 shrink-0" aria-hidden />
      <span>{paise === 0 ? "Balanced" : "Not balanced: run the audit"}</span>
      <span className="ml-auto">
        <span className="sr-only">Difference: </span>
        <Money paise={paise} />
      </span>
    </div>
  );
}
