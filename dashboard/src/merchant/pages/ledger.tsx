import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { BookText, Download, SearchX } from "lucide-react";
import { type LedgerFilter, ledgerExportUrl, ledgerList } from "@/api/queries";
import type { EntryKind, LedgerEntry } from "@/api/types";
import { useList } from "@/api/use-list";
import { kinds } from "@/lib/payout";
import { periodError } from "@/lib/period";
import { useZone } from "@/lib/zone";
import { PageHeader } from "@/ui/app-shell";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { DateRange } from "@/ui/date-range";
import { LongList } from "@/ui/long-list";
import { Money, Movement } from "@/ui/money";
import { Select } from "@/ui/select";
import { EmptyState } from "@/ui/states";
import type { Column } from "@/ui/table";
import { Ago } from "@/ui/time";
import { Tooltip } from "@/ui/tooltip";
import { useTitle } from "@/ui/use-title";

const columns: readonly Column<LedgerEntry>[] = [
  { name: "No.", cell: ({ number }) => <span className="tabular text-faint">{number}</span>, phone: "hide" },
  { name: "Kind", phone: "sub", cell: ({ kind }) => <KindBadge kind={kind} /> },
  { name: "Description", cell: (entry) => <Description entry={entry} />, phone: "title" },
  { name: "Amount", align: "end", phone: "badge", cell: (entry) => <Amount entry={entry} /> },
  {
    name: "Available after",
    align: "end",
    cell: ({ available_after_paise }) => <Money paise={available_after_paise} className="font-medium" />,
  },
  {
    name: "Held after",
    align: "end",
    cell: ({ held_after_paise }) => <Money paise={held_after_paise} className="text-soft" />,
  },
  {
    name: "When",
    align: "end",
    phone: "aside",
    cell: ({ created_at }) => (
      <span className="text-soft">
        <Ago at={created_at} />
      </span>
    ),
  },
];

function KindBadge({ kind }: { kind: EntryKind }) {
  const { name, tone, way } = kinds[kind];
  return (
    <Tooltip text={way}>
      <span>
        <Badge tone={tone}>{name}</Badge>
      </span>
    </Tooltip>
  );
}

function Description({ entry }: { entry: LedgerEntry }) {
  if (!entry.payout_id) return <span className="break-words">{entry.description}</span>;
  return (
    <Link
      to="/payouts/$id"
      params={{ id: entry.payout_id }}
      className="break-words underline decoration-edge underline-offset-3 hover:decoration-accent"
    >
      {entry.description}
    </Link>
  );
}

/** As it changes what is available. A settlement changes only what is held. */
function Amount({ entry: { kind, amount_paise } }: { entry: LedgerEntry }) {
  const { sign } = kinds[kind];
  if (sign !== 0) return <Movement paise={sign * amount_paise} />;
  return (
    <Tooltip text="Leaves the held balance. The available balance does not change.">
      <span className="text-faint">
        <Money paise={amount_paise} />
      </span>
    </Tooltip>
  );
}

const askable = (filter: LedgerFilter): LedgerFilter =>
  periodError(filter) ? { ...filter, from: undefined, to: undefined } : filter;

export function Ledger() {
  useTitle("Ledger");
  const filter: LedgerFilter = useSearch({ strict: false });
  const navigate = useNavigate();
  const zone = useZone();
  const change = (next: LedgerFilter) =>
    void navigate({ to: "/ledger", search: { ...filter, ...next }, replace: true });
  const list = useList(ledgerList(askable(filter), zone));
  const isFiltered = Object.values(filter).some(Boolean);
  return (
    <>
      <PageHeader
        title="Ledger"
        hint="Every movement, with the balances after it. Entries are never changed or removed."
        actions={
          <Button asChild>
            <a href={ledgerExportUrl(askable(filter))} download>
              <Download aria-hidden />
              Export CSV
            </a>
          </Button>
        }
      />
      <Card>
        <div className="flex flex-wrap gap-2 border-line border-b p-3">
          <Select
            aria-label="Kind"
            value={filter.kind ?? ""}
            onChange={(event) => change({ kind: (event.target.value || undefined) as EntryKind | undefined })}
            className="w-56 max-sm:w-full"
          >
            <option value="">All kinds</option>
            {Object.entries(kinds).map(([value, { name, way }]) => (
              <option key={value} value={value}>
                {name} ({way})
              </option>
            ))}
          </Select>
          <DateRange value={filter} onChange={change} />
        </div>
        <LongList
          list={list}
          what="ledger entries"
          caption="Ledger entries"
          columns={columns}
          rowKey={({ number }) => number}
          empty={(hasMore) => (isFiltered ? <NoMatch hasMore={hasMore} /> : <NoEntries />)}
        />
      </Card>
    </>
  );
}

const NoMatch = ({ hasMore }: { hasMore: boolean }) => (
  <EmptyState icon={SearchX} title={hasMore ? "No match in recent entries" : "No entries match these filters"}>
    {hasMore ? "Older entries haven't been searched yet." : "Change the kind or the dates."}
  </EmptyState>
);

const NoEntries = () => (
  <EmptyState icon={BookText} title="No entries yet">
    The first entry appears when money comes in.
  </EmptyState>
);
