import { Link } from "@tanstack/react-router";
import { CircleCheck, CircleHelp, CircleX, LoaderCircle } from "lucide-react";
import { ApiError, inWords } from "@/api/errors";
import { formatPaise, type Paise } from "@/lib/money";
import { Card, CardBody, Fact, Facts } from "@/ui/card";
import { cn } from "@/ui/cn";
import type { Runner } from "./race";

interface LaneProps {
  runner: Runner;
  name: string;
  amountPaise: Paise;
  account: string;
}

/** One request: what was asked, and what the server said. */
export function Lane({ runner, name, amountPaise, account }: LaneProps) {
  const { end, took } = runner;
  return (
    <Card
      title={name}
      data-verdict={end?.verdict ?? "waiting"}
      className={cn(end?.verdict === "accepted" && "border-good-mark", end?.verdict === "refused" && "border-bad-mark")}
    >
      <CardBody className="grid gap-4">
        <Verdict runner={runner} amountPaise={amountPaise} />
        <Facts>
          <Fact name="Request">
            {formatPaise(amountPaise)} to {account}
          </Fact>
          <Fact name="Key">
            <code className="font-mono text-xs">{runner.key}</code>
          </Fact>
          <Fact name="Answer">{answerOf(runner)}</Fact>
          <Fact name="Duration">{took === null ? "…" : <span className="tabular">{took} ms</span>}</Fact>
        </Facts>
      </CardBody>
    </Card>
  );
}

function Verdict({ runner: { end }, amountPaise }: { runner: Runner; amountPaise: Paise }) {
  if (!end) {
    return (
      <Line icon={<LoaderCircle className="animate-spin text-faint" aria-hidden />} title="Waiting for the answer">
        Both requests need the same balance: the server decides one after the other.
      </Line>
    );
  }
  if (end.verdict === "accepted") {
    const { payout } = end.value;
    return (
      <Line icon={<CircleCheck className="text-good-mark" aria-hidden />} title={`Held ${formatPaise(amountPaise)}`}>
        The server decided it first.{" "}
        <Link to="/payouts/$id" params={{ id: payout.id }} className="text-accent-text underline underline-offset-3">
          Show the payout
        </Link>
      </Line>
    );
  }
  if (end.verdict === "refused") {
    return (
      <Line icon={<CircleX className="text-bad-mark" aria-hidden />} title="Refused">
        {whyOf(end.error)}
      </Line>
    );
  }
  return (
    <Line icon={<CircleHelp className="text-warn-mark" aria-hidden />} title="Not known">
      You left the page, or the session ended, before the answer came.
    </Line>
  );
}

function Line({ icon, title, children }: { icon: React.ReactNode; title: string; children: React.ReactNode }) {
  return (
    <div className="flex gap-3 [&>svg]:mt-0.5 [&>svg]:size-6 [&>svg]:shrink-0">
      {icon}
      <div>
        <p className="font-semibold text-base">{title}</p>
        <p className="text-soft">{children}</p>
      </div>
    </div>
  );
}

function whyOf(error: unknown): string {
  if (!(error instanceof ApiError) || error.code !== "insufficient_balance") return inWords(error);
  const available = error.problem.available_balance_paise;
  return typeof available === "number"
    ? `Decided second, with ${formatPaise(available)} available: not enough.`
    : "Decided second: not enough was available.";
}

function answerOf({ end }: Runner): string {
  if (!end) return "…";
  if (end.verdict === "accepted") return "201 Created";
  if (end.verdict !== "left" && end.error instanceof ApiError) return `${end.error.status} ${end.error.code}`;
  return "None";
}
