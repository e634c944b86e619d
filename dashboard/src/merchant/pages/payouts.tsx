import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { ArrowUpRight, Search, SearchX, X } from "lucide-react";
import { useEffect, useEffectEvent, useState } from "react";
import { inWords } from "@/api/errors";
import { type PayoutFilter, payoutsQuery } from "@/api/queries";
import type { StatusFilter } from "@/api/types";
import { filters } from "@/lib/payout";
import { PageHeader } from "@/ui/app-shell";
import { Button, IconButton } from "@/ui/button";
import { Card } from "@/ui/card";
import { cn } from "@/ui/cn";
import { control } from "@/ui/field";
import { LoadMore } from "@/ui/load-more";
import { Select } from "@/ui/select";
import { EmptyState, ErrorState, SkeletonRows } from "@/ui/states";
import { useTitle } from "@/ui/use-title";
import { NewPayoutButton } from "../components/new-payout-button";
import { PayoutTable } from "../components/payout-table";

export function Payouts() {
  useTitle("Payouts");
  const filter: PayoutFilter = useSearch({ strict: false });
  const navigate = useNavigate();
  const change = (next: PayoutFilter) =>
    void navigate({ to: "/payouts", search: { ...filter, ...next }, replace: true });
  return (
    <>
      <PageHeader title="Payouts" hint="Newest first, kept up to date while you look." actions={<NewPayoutButton />} />
      <Card>
        <Filters filter={filter} onChange={change} />
        <List filter={filter} onClear={() => change({ status: undefined, search: undefined })} />
      </Card>
    </>
  );
}

const TYPING_MS = 300;

function Filters({ filter, onChange }: { filter: PayoutFilter; onChange: (next: PayoutFilter) => void }) {
  const [typed, setTyped] = useState(filter.search ?? "");
  const search = useEffectEvent((text: string) => {
    if (text !== (filter.search ?? "")) onChange({ search: text || undefined });
  });
  useEffect(() => {
    const timer = setTimeout(() => search(typed.trim()), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  useEffect(
    () => setTyped((now) => (now.trim() === (filter.search ?? "") ? now : (filter.search ?? ""))),
    [filter.search],
  );

  return (
    <search className="flex flex-wrap gap-2 border-line border-b p-3">
      <div className="relative min-w-56 flex-1">
        <Search
          className="-translate-y-1/2 pointer-events-none absolute top-1/2 left-3 size-4 text-faint"
          aria-hidden
        />
        <input
          type="search"
          aria-label="Search payouts"
          placeholder="Account, UTR, reason, or a whole id or reference"
          value={typed}
          maxLength={255}
          onChange={(event) => setTyped(event.target.value)}
          className={cn(control, "h-9 pr-9 pl-9 [&::-webkit-search-cancel-button]:hidden")}
        />
        {typed && (
          <IconButton
            label="Clear the search"
            className="absolute top-0.5 right-0.5 size-8"
            onClick={() => {
              setTyped("");
              onChange({ search: undefined });
            }}
          >
            <X aria-hidden />
          </IconButton>
        )}
      </div>
      <Select
        aria-label="Status"
        value={filter.status ?? ""}
        onChange={(event) => onChange({ status: (event.target.value || undefined) as StatusFilter | undefined })}
        className="w-44 max-sm:w-full"
      >
        <option value="">Every status</option>
        {Object.entries(filters).map(([value, name]) => (
          <option key={value} value={value}>
            {name}
          </option>
        ))}
      </Select>
    </search>
  );
}

function List({ filter, onClear }: { filter: PayoutFilter; onClear: () => void }) {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage, isPlaceholderData } = useInfiniteQuery(
    payoutsQuery(filter),
  );
  if (!data && error) {
    return (
      <ErrorState title="The payouts could not be read" onRetry={() => void refetch()}>
        {inWords(error)}
      </ErrorState>
    );
  }
  if (!data) return <SkeletonRows count={8} label="Reading the payouts" />;
  const payouts = data.pages.flatMap((page) => page.items);
  const isFiltered = Boolean(filter.status || filter.search);
  return (
    <div className={cn("transition-opacity", isPlaceholderData && "opacity-50")} aria-busy={isPlaceholderData}>
      <p role="status" className="sr-only">
        {payouts.length} payouts shown
      </p>
      {payouts.length > 0 ? (
        <PayoutTable payouts={payouts} caption="Payouts" />
      ) : (
        <None {...{ isFiltered, hasNextPage, onClear }} />
      )}
      {hasNextPage && (
        <LoadMore isBusy={isFetchingNextPage} onClick={() => void fetchNextPage()} error={error && inWords(error)}>
          {isFiltered ? "Look further back" : "Load more"}
        </LoadMore>
      )}
    </div>
  );
}

function None({
  isFiltered,
  hasNextPage,
  onClear,
}: {
  isFiltered: boolean;
  hasNextPage: boolean;
  onClear: () => void;
}) {
  if (!isFiltered) {
    return (
      <EmptyState icon={ArrowUpRight} title="No payouts yet" action={<NewPayoutButton />}>
        Ask for the first one: its amount is held at once, and you can follow every step.
      </EmptyState>
    );
  }
  return (
    <EmptyState
      icon={SearchX}
      title={hasNextPage ? "None among the newest payouts" : "No payout matches"}
      action={<Button onClick={onClear}>Show all payouts</Button>}
    >
      {hasNextPage ? "There are older ones that have not been looked at." : "Try another status or other words."}
    </EmptyState>
  );
}
