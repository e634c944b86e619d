import { useQuery } from "@tanstack/react-query";
import { type LucideIcon, SearchX } from "lucide-react";
import type { ReactNode } from "react";
import { inWords } from "@/api/errors";
import type { Filter, ListSource } from "@/api/paged-list";
import { type List, useList } from "@/api/use-list";
import { periodError } from "@/lib/period";
import { useZone } from "@/lib/zone";
import { Button } from "@/ui/button";
import { LongList } from "@/ui/long-list";
import { EmptyState, ErrorState, SkeletonRows } from "@/ui/states";
import { type Column, Table } from "@/ui/table";
import { useFilter } from "./filters";

interface ListLook<Row> {
  /** What the rows are, in the plural: "payouts". */
  what: string;
  caption: string;
  columns: readonly Column<Row>[];
  rowKey: (row: Row) => string | number;
  hasRowLinks?: boolean;
  /** Without a filter. */
  empty: Nothing;
  /** With one that nothing matches; a sentence of the list's own helps. */
  noMatch?: Partial<Nothing>;
}

interface Nothing {
  title: string;
  icon: LucideIcon;
  text?: ReactNode;
  action?: ReactNode;
}

/** A reversed period out of a link is not asked for; its error stands beside it. */
export const askable = (filter: Filter): Filter =>
  periodError(filter) ? { ...filter, from: undefined, to: undefined } : filter;

/** The rows that match the filter in the page's address. */
export function useFilteredList<Row>(source: ListSource<Row>, rowKey: (row: Row) => string | number): List<Row> {
  const [filter] = useFilter();
  return useList({ ...source(askable(filter), useZone()), keyOf: rowKey });
}

/** A list of any length: older rows come as one scrolls, newer ones wait behind a button. */
export function FilteredList<Row>({ source, ...look }: ListLook<Row> & { source: ListSource<Row> }) {
  return <ListView list={useFilteredList(source, look.rowKey)} {...look} />;
}

/** The same of rows that the page itself has to know. */
export function ListView<Row>({ list, empty, noMatch, ...look }: ListLook<Row> & { list: List<Row> }) {
  const [filter, change] = useFilter();
  const names = Object.keys(filter).filter((name) => filter[name]);
  const { what } = look;
  const nothing = (hasMore: boolean): Nothing => {
    if (names.length === 0) return empty;
    const clear = () => change(Object.fromEntries(names.map((name) => [name, undefined])));
    return {
      icon: SearchX,
      title: hasMore ? `No match in recent ${what}.` : `No ${what} match these filters`,
      text: hasMore ? `Older ${what} haven’t been searched yet.` : "Change or clear the filters.",
      action: <Button onClick={clear}>Show all {what}</Button>,
      ...(hasMore ? {} : noMatch),
    };
  };
  return (
    <>
      <p role="status" className="sr-only">
        {list.rows && `${list.rows.length} ${what} shown${list.hasMore ? "; there are more" : ""}`}
      </p>
      <LongList list={list} {...look} empty={(hasMore) => <Empty {...nothing(hasMore)} />} />
    </>
  );
}

interface PreviewProps<Row> extends Omit<ListLook<Row>, "what" | "noMatch"> {
  source: ListSource<Row>;
  filter: Filter;
}

/** Only the newest few, with the rest elsewhere. Newer rows show at once: nobody reads on from here. */
export function Preview<Row>({ source, filter, empty, ...look }: PreviewProps<Row>) {
  const { queryKey, fetchPage } = source(filter, useZone());
  const { data, error, refetch } = useQuery({
    queryKey: [...queryKey, "preview"],
    queryFn: ({ signal }) => fetchPage(null, signal),
  });
  const rows = data?.items;
  if (rows && rows.length > 0) return <Table {...look} rows={rows} />;
  if (rows) return <Empty {...empty} />;
  if (!error) return <SkeletonRows label={`Loading: ${look.caption}`} />;
  return (
    <ErrorState title="This list could not be loaded" onRetry={() => void refetch()}>
      {inWords(error)}
    </ErrorState>
  );
}

export const Empty = ({ title, icon, text, action }: Nothing) => (
  <EmptyState title={title} icon={icon} action={action}>
    {text}
  </EmptyState>
);
