import { Cpu } from "lucide-react";
import { Badge, type Tone } from "@/ui/badge";
import { Card } from "@/ui/card";
import { EmptyState, SkeletonRows } from "@/ui/states";
import { type Column, Table } from "@/ui/table";
import { Ago } from "@/ui/time";
import type { Overview, WorkerState } from "../queries";

const states: Record<WorkerState["state"], { name: string; tone: Tone }> = {
  running: { name: "Running", tone: "good" },
  stopped: { name: "Stopped", tone: "neutral" },
  silent: { name: "Not responding", tone: "bad" },
};

const columns: Column<WorkerState>[] = [
  {
    name: "Worker",
    phone: "title",
    cell: ({ name }) => <code className="whitespace-nowrap font-mono text-[0.8125rem]">{name}</code>,
  },
  {
    name: "State",
    phone: "badge",
    cell: ({ state }) => <Badge tone={states[state].tone}>{states[state].name}</Badge>,
  },
  { name: "Started", cell: ({ started_at }) => <Ago at={started_at} /> },
  { name: "Last seen", cell: ({ seen_at }) => <Ago at={seen_at} /> },
  { name: "Last bank answer", cell: ({ last_answer_at }) => last_answer_at && <Ago at={last_answer_at} /> },
];

/** Who sends payouts to the bank: each worker reports every few seconds. */
export const WorkersCard = ({ workers }: { workers: Overview["workers"] | undefined }) => (
  <Card title="Workers" hint="They send payouts to the bank. Each one reports every 5 seconds.">
    {!workers && <SkeletonRows count={1} label="Loading: workers" />}
    {workers && workers.list.length > 0 && (
      <Table caption="Workers" columns={columns} rows={workers.list} rowKey={({ name }) => name} />
    )}
    {workers?.list.length === 0 && (
      <EmptyState icon={Cpu} title="No worker in the last 24 hours">
        Without a worker no payout is sent.
      </EmptyState>
    )}
  </Card>
);
