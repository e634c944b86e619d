import { useQuery } from "@tanstack/react-query";
import { CircleCheck, Play, TriangleAlert } from "lucide-react";
import { inWords } from "@/api/errors";
import { formatSpan } from "@/lib/time";
import { useNow } from "@/lib/use-now";
import { Card, CardBody, Fact, Facts } from "@/ui/card";
import { Money } from "@/ui/money";
import { Notice, SkeletonRows } from "@/ui/states";
import { Ago } from "@/ui/time";
import { useVerify } from "../actions";
import { type VerifyReport, verifyQuery } from "../queries";
import { ActButton } from "./act-button";

/** The last report of the audit, and the button that starts one. */
export function VerifyCard() {
  const { data, error } = useQuery(verifyQuery);
  const verify = useVerify();
  return (
    <Card
      title="Audit"
      hint="Replays every ledger and compares it with payouts and bank."
      actions={
        <ActButton
          size="small"
          isBusy={verify.isPending || Boolean(data?.running)}
          onClick={() => verify.mutate(undefined)}
        >
          {data?.running ? (
            "Running"
          ) : (
            <>
              <Play aria-hidden />
              Run now
            </>
          )}
        </ActButton>
      }
    >
      <CardBody>
        {verify.error && (
          <Notice tone="bad" role="alert" className="mb-4">
            {inWords(verify.error)}
          </Notice>
        )}
        {/* Said once, and not again at each second. */}
        <p role="status" className="sr-only">
          {data?.running && "The audit is running."}
        </p>
        {data?.running && data.started_at && <Progress since={data.started_at} />}
        {data?.last && <Report report={data.last} />}
        {data && !data.last && !data.running && <p className="text-soft">The audit has not run yet.</p>}
        {!data && (error ? <p className="text-bad">{inWords(error)}</p> : <SkeletonRows count={3} />)}
      </CardBody>
    </Card>
  );
}

function Progress({ since }: { since: string }) {
  const now = useNow();
  return (
    <Notice tone="info" className="mb-4">
      Running for {formatSpan(now.getTime() - new Date(since).getTime())}. Payouts continue meanwhile.
    </Notice>
  );
}

const count = (number: number) => number.toLocaleString("en-IN");

function Report({ report }: { report: VerifyReport }) {
  const { checked, totals } = report;
  return (
    <>
      <Verdict report={report} />
      <Facts className="mt-4">
        <Fact name="Run">
          <Ago at={report.ended_at} /> by {report.by}, in{" "}
          {formatSpan(new Date(report.ended_at).getTime() - new Date(report.started_at).getTime())}
        </Fact>
        <Fact name="Checked">
          {count(checked.merchants)} merchants, {count(checked.entries)} entries, {count(checked.payouts)} payouts
          {report.bank_checked && <>, {count(checked.bank_transfers)} bank transfers</>}
        </Fact>
        <Fact name="Funded">
          <Money paise={totals.funded} />
        </Fact>
        <Fact name="Paid out">
          <Money paise={totals.paid_out} />
        </Fact>
        <Fact name="In progress">
          {count(report.under_way)} ({count(report.in_doubt)} in doubt)
        </Fact>
      </Facts>
      {report.differences.length > 0 && <Differences report={report} />}
    </>
  );
}

function Verdict({ report }: { report: VerifyReport }) {
  if (report.error) {
    return (
      <Notice tone="bad" icon={TriangleAlert}>
        The audit could not finish: {report.error}
      </Notice>
    );
  }
  if (report.difference_count > 0) {
    return (
      <Notice tone="bad" icon={TriangleAlert}>
        <strong>
          {count(report.difference_count)} {report.difference_count === 1 ? "difference" : "differences"}.
        </strong>{" "}
        Each is listed below.
      </Notice>
    );
  }
  return (
    <Notice tone="good" icon={CircleCheck}>
      <strong>No difference.</strong>{" "}
      {report.bank_checked ? "Ledger, payouts and bank agree." : "Ledger and payouts agree. The bank was not asked."}
    </Notice>
  );
}

function Differences({ report }: { report: VerifyReport }) {
  return (
    <ul className="mt-4 grid gap-2">
      {report.differences.map((difference) => (
        <li key={JSON.stringify(difference)} className="rounded-lg bg-sunken px-3 py-2">
          <code className="font-semibold text-bad text-xs">{difference.kind}</code>
          <p className="break-words text-[0.8125rem]">
            {difference.what} <span className="text-faint">({difference.subject})</span>
          </p>
        </li>
      ))}
      {report.difference_count > report.differences.length && (
        <li className="text-faint">
          Only the first {report.differences.length} are kept. Run payrail verify to list all.
        </li>
      )}
    </ul>
  );
}
