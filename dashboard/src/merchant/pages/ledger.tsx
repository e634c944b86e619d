import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { BookText, Download } from "lucide-react";
import { inWords } from "@/api/errors";
import { ledgerExportUrl, ledgerQuery } from "@/api/queries";
import type { EntryKind, LedgerEntry } from "@/api/types";
import { kinds } from "@/lib/payout";
import { PageHeader } from "@/ui/app-shell";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { cn } from "@/ui/cn";
import { LoadMore } from "@/ui/load-more";
import { Money, Movement } from "@/ui/money";
import { Select } from "@/ui/select";
import { EmptyState, ErrorState, SkeletonRows } from "@/ui/states";
import { type Column, Table } from "@/ui/table";
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
    <Tooltip text="Out of what was held; what is available does not change.">
      <span className="text-faint">
        <Money paise={amount_paise} />
      </span>
    </Tooltip>
  );
}

export function Ledger() {
  useTitle("Ledger");
  const { kind }: { kind?: EntryKind } = useSearch({ strict: false });
  const navigate = useNavigate();
  const choose = (next: EntryKind | undefined) =>
    void navigate({ to: "/ledger", search: { kind: next }, replace: true });
  return (
    <>
      <PageHeader
        title="Ledger"
        hint="Every movement, with the balances after it. Nothing here is ever changed or removed."
        actions={
          <Button asChild>
            <a href={ledgerExportUrl(kind)} download>
              <Download aria-hidden />
              Export CSV
            </a>
          </Button>
        }
      />
      <Card>
        <div className="border-line border-b p-3">
          <Select
            aria-label="Kind"
            value={kind ?? ""}
            onChange={(event) => choose((event.target.value || undefined) as EntryKind | undefined)}
            className="w-56 max-sm:w-full"
          >
            <option value="">Every kind</option>
            {Object.entries(kinds).map(([value, { name, way }]) => (
              <option key={value} value={value}>
                {name} ({way})
              </option>
            ))}
          </Select>
        </div>
        <Entries kind={kind} />
      </Card>
    </>
  );
}

function Entries({ kind }: { kind: EntryKind | undefined }) {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage, isPlaceholderData } = useInfiniteQuery(
    ledgerQuery(kind),
  );
  if (!data && error) {
    return (
      <ErrorState title="The ledger could not be read" onRetry={() => void refetch()}>
        {inWords(error)}
      </ErrorState>
    );
  }
  if (!data) return <SkeletonRows count={8} label="Reading the ledger" />;
  const entries = data.pages.flatMap((page) => page.items);
  return (
    <div className={cn("transition-opacity", isPlaceholderData && "opacity-50")} aria-busy={isPlaceholderData}>
      {entries.length > 0 ? (
        <Table caption="Ledger entries" columns={columns} rows={entries} rowKey={({ number }) => number} />
      ) : (
        <EmptyState
          icon={BookText}
          title={kind ? `No entries of the kind ${kinds[kind].name.toLowerCase()}` : "The book is empty"}
        >
          {kind ? "Choose another kind." : "The first entry appears when money comes in."}
        </EmptyState>
      )}
      {hasNextPage && (
        <LoadMore isBusy={isFetchingNextPage} onClick={() => void fetchNextPage()} error={error && inWords(error)}>
          Load more
        </LoadMore>
      )}
    </div>
  );
}
