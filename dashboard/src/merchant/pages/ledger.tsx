import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { BookText, Download } from "lucide-react";
import type { MouseEvent } from "react";
import { inWords } from "@/api/errors";
import type { EntryKind, LedgerEntry } from "@/api/types";
import { askable, FilteredList } from "@/components/filtered-list";
import { DateFilters, FilterBar, SelectFilter, useFilter } from "@/components/filters";
import { kindFilters, kinds } from "@/components/payout-words";
import { PageHeader } from "@/ui/app-shell";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { Money, Movement } from "@/ui/money";
import type { Column } from "@/ui/table";
import { Ago } from "@/ui/time";
import { toast } from "@/ui/toast";
import { Tooltip } from "@/ui/tooltip";
import { useTitle } from "@/ui/use-title";
import { ledgerExportUrl, ledgerList, meQuery } from "../queries";

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

/**
 * Follows the link of an export only after the server has answered a question: a browser saves whatever comes, and
 * would save the refusal of an ended session as a file.
 */
function useSafeExport() {
  const queries = useQueryClient();
  return async (event: MouseEvent<HTMLAnchorElement>): Promise<void> => {
    const link = event.currentTarget;
    // The click that follows below comes without a person.
    if (!event.isTrusted) return;
    event.preventDefault();
    try {
      await queries.fetchQuery({ ...meQuery, staleTime: 0 });
      link.click();
    } catch (error) {
      toast("The ledger was not exported", { tone: "bad", description: inWords(error) });
    }
  };
}

export function Ledger() {
  useTitle("Ledger");
  const [filter] = useFilter();
  const exportSafely = useSafeExport();
  return (
    <>
      <PageHeader
        title="Ledger"
        hint="Every movement, with the balances after it. Entries are never changed or removed."
        actions={
          <Button asChild>
            <a href={ledgerExportUrl(askable(filter))} download onClick={(event) => void exportSafely(event)}>
              <Download aria-hidden />
              Export CSV
            </a>
          </Button>
        }
      />
      <Card>
        <FilterBar>
          <SelectFilter name="kind" label="Kind" any="All kinds" options={kindFilters} />
          <DateFilters />
        </FilterBar>
        <FilteredList
          source={ledgerList}
          what="ledger entries"
          caption="Ledger entries"
          columns={columns}
          rowKey={({ number }) => number}
          empty={{
            icon: BookText,
            title: "No entries yet",
            text: "The first entry appears when the account is funded.",
          }}
        />
      </Card>
    </>
  );
}
