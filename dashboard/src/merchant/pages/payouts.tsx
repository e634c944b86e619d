import { useNavigate, useSearch } from "@tanstack/react-router";
import { Search, SearchX, X } from "lucide-react";
import { useEffect, useEffectEvent, useState } from "react";
import { answer, client } from "@/api/client";
import { type PayoutFilter, payoutList } from "@/api/queries";
import type { Payout, StatusFilter } from "@/api/types";
import { type List, useList } from "@/api/use-list";
import { filters } from "@/lib/payout";
import { periodError } from "@/lib/period";
import { useZone } from "@/lib/zone";
import { PageHeader } from "@/ui/app-shell";
import { Button, IconButton } from "@/ui/button";
import { Card } from "@/ui/card";
import { cn } from "@/ui/cn";
import { DateRange } from "@/ui/date-range";
import { control } from "@/ui/field";
import { LongList } from "@/ui/long-list";
import { Select } from "@/ui/select";
import { EmptyState } from "@/ui/states";
import { useTitle } from "@/ui/use-title";
import { NewPayoutButton } from "../components/new-payout-button";
import { NoPayouts } from "../components/no-payouts";
import { payoutColumns } from "../components/payout-columns";
import { watchPayouts } from "../live";

export function Payouts() {
  useTitle("Payouts");
  const filter: PayoutFilter = useSearch({ strict: false });
  const navigate = useNavigate();
  const change = (next: PayoutFilter) =>
    void navigate({ to: "/payouts", search: { ...filter, ...next }, replace: true });
  return (
    <>
      <PageHeader title="Payouts" hint="Newest first, updated live." actions={<NewPayoutButton />} />
      <Card>
        <Filters filter={filter} onChange={change} />
        <Found filter={filter} onClear={() => change(NO_FILTER)} />
      </Card>
    </>
  );
}

const NO_FILTER: PayoutFilter = { status: undefined, search: undefined, from: undefined, to: undefined };
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
          placeholder="Account, UTR, amount, reason, id or reference"
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
        <option value="">All statuses</option>
        {Object.entries(filters).map(([value, name]) => (
          <option key={value} value={value}>
            {name}
          </option>
        ))}
      </Select>
      <DateRange value={filter} onChange={onChange} />
    </search>
  );
}

/** A reversed period out of a link is not asked for; its error stands beside it. */
const askable = (filter: PayoutFilter): PayoutFilter =>
  periodError(filter) ? { ...filter, from: undefined, to: undefined } : filter;

function Found({ filter, onClear }: { filter: PayoutFilter; onClear: () => void }) {
  const list = useList(payoutList(askable(filter), useZone()));
  useFollowing(list);
  const isFiltered = Object.values(filter).some(Boolean);
  return (
    <>
      <p role="status" className="sr-only">
        {list.rows && `${list.rows.length} payouts shown${list.hasMore ? "; there are more" : ""}`}
      </p>
      <LongList
        list={list}
        what="payouts"
        caption="Payouts"
        columns={payoutColumns}
        rowKey={({ id }) => id}
        hasRowLinks
        empty={(hasMore) => (isFiltered ? <NoMatch hasMore={hasMore} onClear={onClear} /> : <NoPayouts />)}
      />
    </>
  );
}

/** The first page is read again with everything else. */
const FIRST_PAGE = 50;
const GATHER_MS = 400;
const AT_ONCE = 10;

/** Payouts further down that change are read one by one, so that no shown status is old. */
function useFollowing({ rows, patch }: List<Payout>): void {
  const refresh = useEffectEvent(async (ids: ReadonlySet<string>) => {
    const changed = (rows ?? []).slice(FIRST_PAGE).filter(({ id }) => ids.has(id));
    const read = ({ id }: Payout) => answer(client.GET("/api/v1/payouts/{id}", { params: { path: { id } } }));
    const fresh = await Promise.allSettled(changed.slice(0, AT_ONCE).map(read));
    patch(fresh.flatMap((result) => (result.status === "fulfilled" ? [result.value] : [])));
  });
  useEffect(() => {
    const ids = new Set<string>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const unwatch = watchPayouts((id) => {
      ids.add(id);
      timer ??= setTimeout(() => {
        timer = undefined;
        void refresh(new Set(ids));
        ids.clear();
      }, GATHER_MS);
    });
    return () => {
      unwatch();
      clearTimeout(timer);
    };
  }, []);
}

const NoMatch = ({ hasMore, onClear }: { hasMore: boolean; onClear: () => void }) => (
  <EmptyState
    icon={SearchX}
    title={hasMore ? "No match in recent payouts" : "No payouts match these filters"}
    action={<Button onClick={onClear}>Show all payouts</Button>}
  >
    {hasMore ? "Older payouts haven't been searched yet." : "Change the status, the dates or the words."}
  </EmptyState>
);
