import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Zap } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import type { Me } from "@/api/types";
import { formatPaise, percentOf } from "@/lib/money";
import { PageHeader } from "@/ui/app-shell";
import { Button } from "@/ui/button";
import { Card, CardBody } from "@/ui/card";
import { Money } from "@/ui/money";
import { EmptyState, Notice, Skeleton } from "@/ui/states";
import { useTitle } from "@/ui/use-title";
import { Explanation } from "../double-spend/explanation";
import { Lane } from "../double-spend/lane";
import { type Runner, race } from "../double-spend/race";
import { meQuery } from "../queries";
import { noteSessionEnd, useSignedInMerchant } from "../session";

/** This account of the simulated bank never answers: the funds stay held, so that one can look. */
const ACCOUNT = "demo-silent";
/** Twice sixty per cent is more than there is. */
const SHARE = 60;

export function DoubleSpend() {
  useTitle("Double spend");
  const { isDemo } = useSignedInMerchant();
  return (
    <>
      <PageHeader
        title="Try a double spend"
        hint="Two simultaneous requests for more than the available balance in total."
      />
      {isDemo ? (
        <Panel />
      ) : (
        <Card>
          <EmptyState icon={Zap} title="Only in demo mode">
            It creates real payouts, so it is offered only with the simulated bank.
          </EmptyState>
        </Card>
      )}
    </>
  );
}

interface Run {
  amountPaise: number;
  before: Me;
  runners: readonly Runner[];
}

function Panel() {
  const client = useQueryClient();
  const { data: me } = useQuery(meQuery);
  const [run, setRun] = useState<Run | null>(null);
  const [isRunning, setRunning] = useState(false);
  const leaving = useRef<AbortController | null>(null);
  useEffect(() => () => leaving.current?.abort(), []);

  const amountPaise = me ? percentOf(me.available_balance_paise, SHARE) : 0;
  const fire = async () => {
    if (!me || isRunning) return;
    const stop = new AbortController();
    leaving.current = stop;
    setRunning(true);
    const show = (runners: readonly Runner[]) => setRun({ amountPaise, before: me, runners });
    const ended = await race({ amountPaise, account: ACCOUNT }, show, stop.signal);
    setRunning(false);
    if (ended.some(({ end }) => end?.verdict === "signed-out")) noteSessionEnd(client);
    void client.invalidateQueries({ predicate: ({ queryKey: [name] }) => !String(name).startsWith("session") });
  };

  return (
    <div className="grid gap-5">
      <Card>
        <div className="flex items-center justify-between gap-x-8 gap-y-4 p-5 max-sm:flex-col max-sm:items-stretch">
          <div className="min-w-0">
            {me ? (
              <p className="text-base">
                Available:{" "}
                <strong className="font-semibold">
                  <Money paise={me.available_balance_paise} />
                </strong>
                .{" "}
                {amountPaise > 0 && (
                  <>
                    Two requests for{" "}
                    <strong className="font-semibold">
                      <Money paise={amountPaise} />
                    </strong>{" "}
                    each are sent at the same time.
                  </>
                )}
              </p>
            ) : (
              <Skeleton className="h-5 w-80 max-w-full" />
            )}
            <p className="mt-1 text-soft">
              Both go to <span className="font-medium">{ACCOUNT}</span>, an account whose bank never answers: the amount
              stays held so you can inspect it.
            </p>
          </div>
          <Button
            variant="primary"
            size="large"
            isBusy={isRunning}
            disabled={amountPaise === 0}
            onClick={() => void fire()}
          >
            <Zap aria-hidden />
            {run ? "Send again" : "Send both requests"}
          </Button>
        </div>
        {me && amountPaise === 0 && (
          <CardBody>
            <Notice tone="info">The available balance is ₹0.00. Sign in as another merchant to try it.</Notice>
          </CardBody>
        )}
      </Card>
      {run && <Result run={run} me={me} isRunning={isRunning} />}
      <Explanation />
    </div>
  );
}

function Result({ run, me, isRunning }: { run: Run; me: Me | undefined; isRunning: boolean }) {
  const accepted = run.runners.filter(({ end }) => end?.verdict === "accepted").length;
  return (
    <>
      <section aria-label="The two requests" className="grid gap-5 sm:grid-cols-2">
        {run.runners.map((runner, index) => (
          <Lane
            key={runner.key}
            runner={runner}
            name={`Request ${index + 1}`}
            amountPaise={run.amountPaise}
            account={ACCOUNT}
          />
        ))}
      </section>
      <div role="status">
        {!isRunning && (
          <Notice tone={accepted === 1 ? "good" : "info"}>
            <strong className="font-semibold">{verdictOf(accepted)}</strong>{" "}
            {me && (
              <span className="tabular">
                Before: {formatPaise(run.before.available_balance_paise)} available,{" "}
                {formatPaise(run.before.held_balance_paise)} held. Now: {formatPaise(me.available_balance_paise)}{" "}
                available, {formatPaise(me.held_balance_paise)} held.
              </span>
            )}
          </Notice>
        )}
      </div>
    </>
  );
}

function verdictOf(accepted: number): string {
  if (accepted === 1) return "One was held, the other was refused.";
  if (accepted === 0) return "Both were refused: the balance changed meanwhile.";
  return "Both were held: the account was funded meanwhile, with enough for both.";
}
