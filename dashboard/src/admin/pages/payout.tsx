import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { ArrowLeft, CircleHelp } from "lucide-react";
import { ApiError, inWords } from "@/api/errors";
import { BankMessages } from "@/components/bank-messages";
import { PayoutFacts } from "@/components/payout-facts";
import { PayoutTimelineView } from "@/components/payout-timeline";
import { lookOf } from "@/components/payout-words";
import { StatusBadge } from "@/components/status-badge";
import type { TimelineEntry } from "@/components/timeline-entries";
import { PageHeader } from "@/ui/app-shell";
import { Card, CardBody } from "@/ui/card";
import { Money } from "@/ui/money";
import { ErrorState, Notice, Skeleton, SkeletonRows } from "@/ui/states";
import { Ago } from "@/ui/time";
import { useTitle } from "@/ui/use-title";
import { readable, wordOf } from "../components/action-columns";
import { MerchantLink } from "../components/cells";
import { DoubtActions, useDeciding } from "../components/doubt-actions";
import { FarAheadNotice } from "../components/far-ahead-notice";
import { type AdminPayout, type AdminPayoutTimeline, type OperatorAction, payoutQuery } from "../queries";

export default function PayoutPage() {
  const { merchant = "", id = "" } = useParams({ strict: false });
  const { data: payout, error, refetch } = useQuery(payoutQuery(merchant, id));
  useTitle("Payout");

  if (error && !payout) {
    const isUnknown = error instanceof ApiError && error.status === 404;
    return (
      <ErrorState
        title={isUnknown ? "There is no such payout" : "The payout could not be loaded"}
        {...(isUnknown ? {} : { onRetry: () => void refetch() })}
      >
        {isUnknown ? <Link to="/payouts">All payouts</Link> : inWords(error)}
      </ErrorState>
    );
  }
  return (
    <>
      <PageHeader
        back={
          <Link to="/payouts" className="mb-1 inline-flex items-center gap-1.5 text-soft hover:text-ink">
            <ArrowLeft className="size-4" aria-hidden />
            Payouts
          </Link>
        }
        title={
          payout ? (
            <span className="flex flex-wrap items-center gap-3">
              <Money paise={payout.amount_paise} />
              <StatusBadge payout={payout} />
            </span>
          ) : (
            <Skeleton className="h-8 w-56" />
          )
        }
        hint={payout && lookOf(payout).meaning}
      />
      {payout ? <Content payout={payout} /> : <SkeletonRows label="Loading: the payout" />}
    </>
  );
}

const NONE: readonly AdminPayout[] = [];

function Content({ payout }: { payout: AdminPayoutTimeline }) {
  const { resolve, dialog } = useDeciding(payout.in_doubt ? [payout] : NONE);
  return (
    <div className="grid items-start gap-5 lg:grid-cols-[3fr_2fr]">
      {dialog}
      <div className="grid min-w-0 gap-5">
        <FarAheadNotice payout={payout} />
        {payout.in_doubt && <Doubt payout={payout} doubt={payout.in_doubt} onResolve={resolve} />}
        <Card title="Timeline">
          <CardBody>
            <PayoutTimelineView payout={payout} also={payout.actions.map(ofAction)} />
          </CardBody>
        </Card>
        <BankMessages payout={payout} />
      </div>
      <Card title="Details">
        <CardBody>
          <PayoutFacts payout={payout} merchant={<MerchantLink merchant={payout.merchant} />} />
        </CardBody>
      </Card>
    </div>
  );
}

interface DoubtProps {
  payout: AdminPayoutTimeline;
  doubt: NonNullable<AdminPayoutTimeline["in_doubt"]>;
  onResolve: (payout: AdminPayout) => void;
}

function Doubt({ payout, doubt, onResolve }: DoubtProps) {
  return (
    <Notice tone="warn" icon={CircleHelp}>
      <p>
        <strong>In doubt</strong> since <Ago at={doubt.since} />: {doubt.reason}
      </p>
      <div className="mt-3">
        <DoubtActions payout={payout} onResolve={onResolve} />
      </div>
    </Notice>
  );
}

/** What an operator did stands among what the system did. */
function ofAction({ id, at, operator, action, reason, detail }: OperatorAction): TimelineEntry {
  const { name, tone } = wordOf(action);
  const text = [detail && readable(detail), reason && `“${reason}”`].filter(Boolean).join(" · ");
  return {
    id,
    at,
    tone,
    title: `${operator}: ${name}`,
    text: text || null,
    entry: null,
    isInProgress: false,
  };
}
