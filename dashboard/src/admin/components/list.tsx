import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { inWords } from "@/api/errors";
import { LoadMore } from "@/ui/load-more";
import { EmptyState, ErrorState, SkeletonRows } from "@/ui/states";
import { type Column, Table } from "@/ui/table";
import type { Page } from "../api";

interface ListProps<Row> {
  query: UseInfiniteQueryResult<InfiniteData<Page<Row>>>;
  caption: string;
  columns: readonly Column<Row>[];
  rowKey: (row: Row) => string | number;
  hasRowLinks?: boolean;
  /** Only the first page, with the rest elsewhere. */
  isPreview?: boolean;
  empty: { title: string; icon: LucideIcon; text?: ReactNode; action?: ReactNode };
}

/** A list with all of its states, and what comes after its last row. */
export function List<Row>({ query, empty, isPreview, ...table }: ListProps<Row>) {
  if (query.isPending) return <SkeletonRows label={`Loading: ${table.caption}`} />;
  if (query.isError && !query.data) {
    return (
      <ErrorState title="This list could not be fetched" onRetry={() => query.refetch()}>
        {inWords(query.error)}
      </ErrorState>
    );
  }
  const rows = query.data?.pages.flatMap((page) => page.rows) ?? [];
  return (
    <>
      {rows.length > 0 && <Table {...table} rows={rows} />}
      {rows.length === 0 && (isPreview || !query.hasNextPage) && (
        <EmptyState title={empty.title} icon={empty.icon} action={empty.action}>
          {empty.text}
        </EmptyState>
      )}
      {!isPreview && <More query={query} isEmpty={rows.length === 0} />}
    </>
  );
}

function More<Row>({ query, isEmpty }: { query: ListProps<Row>["query"]; isEmpty: boolean }) {
  if (!query.hasNextPage) return null;
  return (
    <>
      {isEmpty && (
        <p className="px-5 pt-8 pb-4 text-center text-soft">Nothing like that among the newest; there is more.</p>
      )}
      <LoadMore
        isBusy={query.isFetchingNextPage}
        onClick={() => void query.fetchNextPage()}
        error={query.isFetchNextPageError ? inWords(query.error) : null}
      >
        {isEmpty ? "Look further back" : "Load more"}
      </LoadMore>
    </>
  );
}
