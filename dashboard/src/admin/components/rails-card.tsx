import { Card } from "@/ui/card";
import { type Column, Table } from "@/ui/table";
import type { RailBank } from "../queries";

const columns: Column<RailBank>[] = [
  { name: "Rail", phone: "title", cell: ({ rail }) => rail },
  {
    name: "Bank",
    cell: ({ identity }) =>
      identity ? <code className="break-all font-mono text-[0.8125rem]">{identity}</code> : "No worker has met it yet",
  },
  {
    name: "Returns read",
    align: "end",
    phone: "aside",
    cell: ({ returns_read }) => <span className="tabular">{returns_read.toLocaleString("en-IN")}</span>,
  },
];

/** Where the payouts of each rail go; with one rail there is nothing to tell apart. */
export const RailsCard = ({ banks }: { banks: RailBank[] }) =>
  banks.length > 1 && (
    <Card title="Rails" hint="The bank of each rail, and how far its list of returns has been read.">
      <Table caption="Rails" columns={columns} rows={banks} rowKey={({ rail }) => rail} />
    </Card>
  );
