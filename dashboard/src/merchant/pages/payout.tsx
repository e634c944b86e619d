import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { ArrowLeft, CircleHelp, Compass, Printer, RotateCw } from "lucide-react";
import { useState } from "react";
import { ApiError, inWords } from "@/api/errors";
import type { PayoutTimeline } from "@/api/types";
import { BankMessages } from "@/components/bank-messages";
import { PayoutFacts } from "@/components/payout-facts";
import { PayoutTimelineView } from "@/components/payout-timeline";
import { isInProgress, lookOf } from "@/components/payout-words";
import { StatusBadge } from "@/components/status-badge";
import { summary } from "@/components/timeline-entries";
import { formatPaise } from "@/lib/money";
import { useZone, zoneName } from "@/lib/zone";
import { PageHeader } from "@/ui/app-shell";
import { Button } from "@/ui/button";
import { Card, CardBody } from "@/ui/card";
import { AlertDialog } from "@/ui/dialog";
import { Money } from "@/ui/money";
import { EmptyState, ErrorState, Notice, Skeleton } from "@/ui/states";
import { toast } from "@/ui/toast";
import { useTitle } from "@/ui/use-title";
import { cancelPayout } from "../actions";
import { useNewPayout } from "../new-payout/context";
import { payoutQuery } from "../queries";

export function PayoutPage() {
  const { id = "" }: { id?: string } = useParams({ strict: false });
  const { data: payout, error, refetch } = useQuery(payoutQuery(id));
  useTitle(payout ? `${formatPaise(payout.amount_paise)} to ${payout.bank_account_id}` : "Payout");

  if (payout) return <Found payout={payout} />;
  const isMissing = error instanceof ApiError && error.status === 404;
  return (
    <>
      <PageHeader back={<Back />} title="Payout" />
      <Card>
        {isMissing ? (
          <EmptyState icon={Compass} title="Payout not found">
            Check the address: it may not be complete, or the payout may belong to another merchant.
          </EmptyState>
        ) : error ? (
          <ErrorState title="The payout could not be loaded" onRetry={() => void refetch()}>
            {inWords(error)}
          </ErrorState>
        ) : (
          <div role="status" aria-label="Loading the payout" className="grid gap-4 p-6">
            <Skeleton className="h-8 w-48" />
            <Skeleton className="w-80 max-w-full" />
            <Skeleton className="w-64 max-w-full" />
          </div>
        )}
      </Card>
    </>
  );
}

const Back = () => (
  <Link
    to="/payouts"
    data-print="hide"
    className="mb-2 inline-flex items-center gap-1.5 rounded text-[0.8125rem] text-soft hover:text-ink"
  >
    <ArrowLeft className="size-4" aria-hidden />
    Payouts
  </Link>
);

function Found({ payout }: { payout: PayoutTimeline }) {
  const zone = useZone();
  return (
    <>
      <PageHeader
        back={<Back />}
        title={
          <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <Money paise={payout.amount_paise} isHeadline />
            <StatusBadge payout={payout} />
          </span>
        }
        hint={
          <>
            <p className="break-words font-medium text-ink" data-testid="summary">
              {summary(payout)}
            </p>
            <p className="break-all">To {payout.bank_account_id}</p>
            {/* On paper nothing else on the page names the time zone. */}
            <p data-print="only">All times are in {zoneName(zone)}.</p>
          </>
        }
        actions={<Actions payout={payout} />}
      />
      {payout.in_doubt && (
        <Notice tone="warn" icon={CircleHelp} className="mb-5">
          The bank gave no definite answer. {formatPaise(payout.amount_paise)} stays held until it is certain whether
          the bank paid. You don't have to do anything.
        </Notice>
      )}
      <div className="grid items-start gap-5 lg:grid-cols-[1.6fr_1fr]">
        <Card title="Timeline" hint={payout.in_doubt ? undefined : lookOf(payout).meaning}>
          <CardBody className="pt-2">
            <PayoutTimelineView payout={payout} />
          </CardBody>
        </Card>
        <Card title="Details">
          <CardBody>
            <PayoutFacts payout={payout} />
          </CardBody>
        </Card>
        <div className="min-w-0 lg:col-span-2">
          <BankMessages payout={payout} />
        </div>
      </div>
    </>
  );
}

function Actions({ payout }: { payout: PayoutTimeline }) {
  const open = useNewPayout();
  const like = { amountPaise: payout.amount_paise, account: payout.bank_account_id };
  return (
    <>
      <Button onClick={() => window.print()}>
        <Printer aria-hidden />
        Print
      </Button>
      {/* Not before the outcome is known: it would be paid twice. */}
      {!isInProgress(payout) && (
        <Button onClick={() => open({ like })}>
          <RotateCw aria-hidden />
          Pay again
        </Button>
      )}
      {payout.status === "pending" && <Cancel payout={payout} />}
    </>
  );
}

/** Only what no worker has claimed can be withdrawn; the server has the last word. */
function Cancel({ payout }: { payout: PayoutTimeline }) {
  const client = useQueryClient();
  const [isAsking, setAsking] = useState(false);
  const cancelling = useMutation({
    mutationFn: () => cancelPayout(payout.id),
    onSuccess: () =>
      toast("Payout cancelled", {
        tone: "good",
        description: `${formatPaise(payout.amount_paise)} is available again.`,
      }),
    onError: (error) =>
      toast("The payout was not cancelled", {
        tone: "bad",
        description:
          error instanceof ApiError && error.code === "not_cancellable"
            ? "It has already been sent to the bank."
            : inWords(error),
      }),
    onSettled: () => {
      setAsking(false);
      void client.invalidateQueries({ predicate: ({ queryKey: [name] }) => !String(name).startsWith("session") });
    },
  });
  return (
    <>
      <Button onClick={() => setAsking(true)}>Cancel payout</Button>
      <AlertDialog
        isOpen={isAsking}
        onOpenChange={setAsking}
        title="Cancel this payout?"
        description={`${formatPaise(payout.amount_paise)} to ${payout.bank_account_id} will not be paid. The amount becomes available again.`}
        confirm="Cancel payout"
        cancel="Keep payout"
        isDanger
        isBusy={cancelling.isPending}
        onConfirm={() => cancelling.mutate()}
      />
    </>
  );
}
