import { Landmark } from "lucide-react";
import { isStep, outcomeOf, steps } from "@/components/payout-words";
import { Badge } from "@/ui/badge";
import { Card } from "@/ui/card";
import { EmptyState, SkeletonRows } from "@/ui/states";
import { type Column, Table } from "@/ui/table";
import { Ago } from "@/ui/time";
import type { Overview, RecentAnswer } from "../queries";
import { PayoutLink } from "./cells";

const seconds = (milliseconds: number) =>
  milliseconds < 1_000 ? `${milliseconds} ms` : `${(milliseconds / 1_000).toFixed(1)} s`;

const columns: Column<RecentAnswer>[] = [
  {
    name: "Answer",
    phone: "title",
    cell: ({ answer }) => <Badge tone={outcomeOf(answer).tone}>{outcomeOf(answer).name}</Badge>,
  },
  { name: "Call", cell: ({ step }) => (isStep(step) ? steps[step].done : step) },
  { name: "Payout", cell: ({ merchant_id, payout_id }) => <PayoutLink merchant={merchant_id} id={payout_id} isRow /> },
  { name: "When", cell: ({ at }) => <Ago at={at} /> },
  {
    name: "Duration",
    align: "end",
    phone: "aside",
    cell: ({ milliseconds }) => <span className="tabular">{seconds(milliseconds)}</span>,
  },
];

const SHOWN = 8;

/** How the bank has answered lately, over all workers. */
export const BankCard = ({ workers }: { workers: Overview["workers"] | undefined }) => {
  const answers = workers?.recent_answers ?? [];
  return (
    <Card title="Recent bank answers" hint="The latest calls of all workers.">
      {!workers && <SkeletonRows count={3} label="Loading: recent bank answers" />}
      {answers.length > 0 && (
        <Table
          caption="Recent bank answers"
          columns={columns}
          rows={answers.slice(0, SHOWN)}
          rowKey={({ payout_id, at }) => `${payout_id} ${at}`}
          hasRowLinks
        />
      )}
      {workers && answers.length === 0 && (
        <EmptyState icon={Landmark} title="No calls yet">
          No worker has called the bank in the last 24 hours.
        </EmptyState>
      )}
    </Card>
  );
};
