import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { inWords } from "@/api/errors";
import { useList } from "@/api/use-list";
import { periodError } from "@/lib/period";
import { useZone } from "@/lib/zone";
import { LongList } from "@/ui/long-list";
import { EmptyState, ErrorState, SkeletonRows } from "@/ui/states";
import { type Column, Table } from "@/ui/table";
import { adminList, type Filter, type ListName, type Row } from "../api";

interface Shown<Name extends ListName> {
  name: Name;
  filter: Filter;
  caption: string;
  columns: readonly Column<Row<Name>>[];
  rowKey: (row: Row<Name>) => string | number;
  hasRowLinks?: boolean;
  empty: { title: string; icon: LucideIcon; text?: ReactNode };
}

interface ListProps<Name extends ListName> extends Shown<Name> {
  /** What the rows are, in the plural: "payouts". */
  what: string;
}

/** A reversed period out of a link is not asked for; its error stands beside it. */
const askable = (filter: Filter): Filter =>
  periodError(filter) ? { ...filter, from: undefined, to: undefined } : filter;

/** A list of any length: older rows come as one scrolls, newer ones wait behind a button. */
export function List<Name extends ListName>({ name, filter, empty, ...shown }: ListProps<Name>) {
  const { caption, columns, rowKey, hasRowLinks = false, what } = shown;
  const zone = useZone();
  const list = useList({ ...adminList(name, askable(filter), zone), keyOf: rowKey });
  return (
    <LongList
      list={list}
      what={what}
      caption={caption}
      columns={columns}
      rowKey={rowKey}
      hasRowLinks={hasRowLinks}
      empty={(hasMore) =>
        hasMore ? (
          <EmptyState title={`No match in recent ${what}`} icon={empty.icon}>
            Older {what} haven't been searched yet.
          </EmptyState>
        ) : (
          <Empty {...empty} />
        )
      }
    />
  );
}

/** Only the newest few, with the rest elsewhere. */
export function Preview<Name extends ListName>({ name, filter, empty, ...shown }: Shown<Name>) {
  const { rows, error, refetch } = useList({ ...adminList(name, filter, useZone()), keyOf: shown.rowKey });
  if (rows && rows.length > 0) return <Table {...shown} rows={rows} />;
  if (rows) return <Empty {...empty} />;
  if (!error) return <SkeletonRows label={`Loading: ${shown.caption}`} />;
  return (
    <ErrorState title="This list could not be loaded" onRetry={refetch}>
      {inWords(error)}
    </ErrorState>
  );
}

const Empty = ({ title, icon, text }: Shown<ListName>["empty"]) => (
  <EmptyState title={title} icon={icon}>
    {text}
  </EmptyState>
);
