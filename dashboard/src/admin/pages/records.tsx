import { KeyRound } from "lucide-react";
import { useState } from "react";
import { FilteredList } from "@/components/filtered-list";
import { DateFilters, FilterBar, SearchFilter, useFilter } from "@/components/filters";
import { pretty } from "@/lib/pretty-json";
import { PageHeader } from "@/ui/app-shell";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Card, Fact, Facts } from "@/ui/card";
import { Copyable } from "@/ui/copy-button";
import { Dialog } from "@/ui/dialog";
import { EmptyState } from "@/ui/states";
import type { Column } from "@/ui/table";
import { Ago, Moment } from "@/ui/time";
import { useTitle } from "@/ui/use-title";
import { MerchantLink, PayoutLink } from "../components/cells";
import { MerchantFilter } from "../components/merchant-filter";
import { type IdempotencyRecord, recordList } from "../queries";

/** In any of the spellings that name a key: with or without hyphens, in braces, as a URN. */
const KEY = /^(urn:uuid:)?\{?[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}\}?$/i;

export default function RecordsPage() {
  useTitle("Requests");
  const [filter] = useFilter();
  const isKey = !filter.key || KEY.test(filter.key);
  const [shown, setShown] = useState<IdempotencyRecord | null>(null);
  const columns: Column<IdempotencyRecord>[] = [
    { name: "Merchant", cell: (record) => <MerchantLink merchant={record.merchant} /> },
    {
      name: "Key",
      cell: (record) => <code className="break-all font-mono text-xs">{record.key}</code>,
    },
    {
      name: "Answer",
      cell: ({ status }) => <Badge tone={status < 300 ? "good" : "warn"}>{status}</Badge>,
    },
    {
      name: "Payout",
      cell: ({ merchant, payout_id }) => payout_id && <PayoutLink merchant={merchant.id} id={payout_id} />,
    },
    { name: "Requested", cell: (record) => <Ago at={record.created_at} /> },
    {
      name: "Body",
      align: "end",
      cell: (record) => (
        <Button size="small" onClick={() => setShown(record)}>
          Show<span className="sr-only"> the answer to {record.key}</span>
        </Button>
      ),
    },
  ];
  return (
    <>
      <PageHeader
        title="Requests"
        hint="Answers by idempotency key. The same request under the same key gets the same answer again."
      />
      <Card>
        <FilterBar>
          <SearchFilter name="key" label="Search by idempotency key" placeholder="A whole idempotency key" />
          <DateFilters />
          <MerchantFilter />
        </FilterBar>
        {isKey ? (
          <FilteredList
            source={recordList}
            what="requests"
            caption="Requests"
            columns={columns}
            rowKey={(record) => `${record.merchant.id} ${record.key}`}
            empty={{ icon: KeyRound, title: "No requests yet" }}
          />
        ) : (
          <EmptyState icon={KeyRound} title="This key is incomplete">
            A key is a UUID, such as 0190f4c2-7b1e-7c3a-9d5e-2f6a8b4c1d3e.
          </EmptyState>
        )}
      </Card>
      {shown && <RecordDialog record={shown} onClose={() => setShown(null)} />}
    </>
  );
}

function RecordDialog({ record, onClose }: { record: IdempotencyRecord; onClose: () => void }) {
  return (
    <Dialog isOpen onOpenChange={(isOpen) => !isOpen && onClose()} title="Stored answer">
      <Facts>
        <Fact name="Key">
          <Copyable value={record.key} what="idempotency key" />
        </Fact>
        <Fact name="Requested">
          <Moment at={record.created_at} />
        </Fact>
        <Fact name="Kept">{record.expires_at ? <Until at={record.expires_at} /> : "Permanently: it moved money"}</Fact>
        <Fact name="Status">{record.status}</Fact>
      </Facts>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached with the keyboard. */}
      <pre tabIndex={0} className="mt-4 overflow-x-auto rounded-lg bg-sunken p-3 font-mono text-[0.8125rem]">
        {pretty(record.body)}
      </pre>
    </Dialog>
  );
}

const Until = ({ at }: { at: string }) => (
  <>
    Until <Moment at={at} />
  </>
);
