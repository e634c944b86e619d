import { useQuery } from "@tanstack/react-query";
import { ShieldCheck } from "lucide-react";
import { useState } from "react";
import { inWords } from "@/api/errors";
import { FilteredList } from "@/components/filtered-list";
import { FilterBar, SelectFilter, useFilter } from "@/components/filters";
import { PageHeader } from "@/ui/app-shell";
import { Card } from "@/ui/card";
import { EmptyState, ErrorState, SkeletonRows } from "@/ui/states";
import { Table } from "@/ui/table";
import { useTitle } from "@/ui/use-title";
import { exceptionColumns, waitingColumns } from "../components/exception-columns";
import { ResolveExceptionDialog } from "../components/resolve-exception-dialog";
import { type AdminException, exceptionList, WAITING_LIMIT, waitingReturnsQuery } from "../queries";

const states = { resolved: "Resolved", all: "Open and resolved" };

export default function ExceptionsPage() {
  useTitle("Exceptions");
  const [{ state }] = useFilter();
  // Here and not in its row: the row goes away once another operator has resolved it, and the dialog has to say so.
  const [resolving, setResolving] = useState<AdminException | null>(null);
  return (
    <>
      <PageHeader
        title="Exceptions"
        hint="Bank records that do not match the ledger, newest first. No money was moved for any of them."
      />
      <div className="grid gap-5">
        <Card>
          <FilterBar>
            <SelectFilter name="state" label="State" any="Open" options={states} />
          </FilterBar>
          <FilteredList
            source={exceptionList}
            what="exceptions"
            caption="Exceptions"
            columns={exceptionColumns(setResolving)}
            rowKey={(exception) => exception.id}
            empty={{
              icon: ShieldCheck,
              title: "No exception is open",
              text: "The bank’s records match the ledger.",
            }}
            noMatch={{
              icon: ShieldCheck,
              title: state === "resolved" ? "No exception was resolved" : "No exception was found",
              text: undefined,
            }}
          />
        </Card>
        <WaitingReturns />
      </div>
      {resolving && <ResolveExceptionDialog exception={resolving} onClose={() => setResolving(null)} />}
    </>
  );
}

/** Returns that cannot be credited yet. */
function WaitingReturns() {
  const { data, error, refetch } = useQuery(waitingReturnsQuery);
  return (
    <Card
      title="Returns waiting to be credited"
      hint="The bank returned these, and they cannot be credited yet. Each is tried again automatically."
    >
      {data && data.length > 0 && (
        <Table
          caption="Returns waiting to be credited"
          columns={waitingColumns}
          rows={data}
          rowKey={(line) =>
            `${line.merchant.id} ${line.payout_id} ${line.return_number} ${line.amount_paise} ${line.utr}`
          }
        />
      )}
      {data?.length === WAITING_LIMIT && (
        <p className="border-line border-t px-5 py-3 text-faint">The next {WAITING_LIMIT}. There may be more.</p>
      )}
      {data?.length === 0 && <EmptyState icon={ShieldCheck} title="No return is waiting" />}
      {!data && !error && <SkeletonRows label="Loading: returns waiting to be credited" />}
      {!data && error && (
        <ErrorState title="The list could not be loaded" onRetry={() => refetch()}>
          {inWords(error)}
        </ErrorState>
      )}
    </Card>
  );
}
