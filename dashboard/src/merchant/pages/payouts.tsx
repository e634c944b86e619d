import { useEffect, useEffectEvent } from "react";
import { answer, client } from "@/api/client";
import type { Payout } from "@/api/types";
import type { List } from "@/api/use-list";
import { ListView, useFilteredList } from "@/components/filtered-list";
import { DateFilters, FilterBar, SearchFilter, SelectFilter } from "@/components/filters";
import { statusFilters } from "@/components/payout-words";
import { PageHeader } from "@/ui/app-shell";
import { Card } from "@/ui/card";
import { useTitle } from "@/ui/use-title";
import { NewPayoutButton } from "../components/new-payout-button";
import { noPayouts } from "../components/no-payouts";
import { payoutColumns } from "../components/payout-columns";
import { watchPayouts } from "../live";
import { payoutList } from "../queries";

const keyOf = ({ id }: Payout) => id;

export function Payouts() {
  useTitle("Payouts");
  const list = useFilteredList(payoutList, keyOf);
  useFollowing(list);
  return (
    <>
      <PageHeader title="Payouts" hint="Newest first, updated live." actions={<NewPayoutButton />} />
      <Card>
        <FilterBar>
          <SearchFilter
            name="search"
            label="Search payouts"
            placeholder="Account, UTR, amount, reason, id or reference"
          />
          <SelectFilter name="status" label="Status" any="All statuses" options={statusFilters} />
          <DateFilters />
        </FilterBar>
        <ListView
          list={list}
          what="payouts"
          caption="Payouts"
          columns={payoutColumns}
          rowKey={keyOf}
          hasRowLinks
          empty={noPayouts}
        />
      </Card>
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
