import { ArrowUp } from "lucide-react";
import type { ReactNode } from "react";
import { inWords } from "@/api/errors";
import type { List } from "@/api/use-list";
import { Button } from "./button";
import { cn } from "./cn";
import { LoadMore } from "./load-more";
import { ErrorState, SkeletonRows } from "./states";
import { type Column, PRINTED_ROWS, Table } from "./table";
import { useKeptFocus } from "./use-kept-focus";

interface LongListProps<Row> {
  list: List<Row>;
  /** What the rows are, in the plural: "payouts". */
  what: string;
  caption: string;
  columns: readonly Column<Row>[];
  rowKey: (row: Row) => string | number;
  hasRowLinks?: boolean;
  /** Instead of the table, when nothing was found; `hasMore`: only the newest were searched. */
  empty: (hasMore: boolean) => ReactNode;
}

/** A list of any length, with all of its states: loading, empty, failed, newer rows, more rows. */
export function LongList<Row>({ list, what, empty, ...table }: LongListProps<Row>) {
  const { rows, error, hasMore, isLoadingMore, moreError, loadMore } = list;
  useKeptFocus(rows?.length);
  // Rows of an earlier filter do not stand for the rows of this one.
  if (error && (!rows || list.isStale)) {
    return (
      <ErrorState title={`The ${what} could not be loaded`} onRetry={list.refetch}>
        {inWords(error)}
      </ErrorState>
    );
  }
  if (!rows) return <SkeletonRows count={8} label={`Loading the ${what}`} />;
  const isEmpty = rows.length === 0;
  // An answer without rows but with a next page took its time: the person says whether to search on.
  const goesOn = hasMore && !isEmpty && !isLoadingMore && !moreError;
  return (
    <div className={cn("transition-opacity", list.isStale && "opacity-50")} aria-busy={list.isStale}>
      <NewRows count={list.newCount} isMore={list.isNewMore} what={what} onShow={list.showNew} />
      {isEmpty ? (
        empty(hasMore)
      ) : (
        <Table {...table} rows={rows} isVirtual isPartial={hasMore} onNearEnd={goesOn ? loadMore : undefined} />
      )}
      {(hasMore || rows.length > PRINTED_ROWS) && (
        <p data-print="only" className="border-line border-t px-5 py-3 text-soft">
          Only the newest {Math.min(rows.length, PRINTED_ROWS).toLocaleString("en-IN")} {what} are printed. There are
          older ones.
        </p>
      )}
      {hasMore && (
        <LoadMore isBusy={isLoadingMore} onClick={loadMore} error={moreError && inWords(moreError)}>
          {isEmpty ? `Search older ${what}` : "Load more"}
        </LoadMore>
      )}
    </div>
  );
}

/** Newer rows do not push the others away under somebody's finger: they wait behind a button. */
function NewRows({ count, isMore, what, onShow }: NewRowsProps) {
  const show = () => {
    onShow();
    window.scrollTo({ top: 0 });
  };
  return (
    <div role="status" className="pointer-events-none sticky top-16 z-10 flex h-0 justify-center lg:top-3">
      {count > 0 && (
        <Button size="small" variant="primary" className="pointer-events-auto mt-2 shadow-float" onClick={show}>
          <ArrowUp aria-hidden />
          {count}
          {isMore && "+"} new<span className="sr-only"> {what}: show</span>
        </Button>
      )}
    </div>
  );
}

interface NewRowsProps {
  count: number;
  /** At least so many: there are more than one page has. */
  isMore: boolean;
  what: string;
  onShow: () => void;
}
