import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useEffectEvent } from "react";
import type { Payout } from "@/api/types";
import type { List } from "@/api/use-list";
import { ListView, useFilteredList } from "@/components/filtered-list";
import { DateFilters, FilterBar, SearchFilter, SelectFilter } from "@/components/filters";
import { statusFilters } from "@/components/payout-words";
import { connection, watchConnection } from "@/lib/connection";
import { PageHeader } from "@/ui/app-shell";
import { Card } from "@/ui/card";
import { useTitle } from "@/ui/use-title";
import { NewPayoutButton } from "../components/new-payout-button";
import { noPayouts } from "../components/no-payouts";
import { payoutColumns } from "../components/payout-columns";
import { watchPayouts } from "../live";
import { payoutList, payoutQuery } from "../queries";

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
          <SearchFilter name="search" label="Search payouts" placeholder="Amount, account, UTR, ID…" />
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

/** The first page is read again with everything else. Newer payouts that wait push shown ones out of it. */
const FIRST_PAGE = 50;
const GATHER_MS = 400;
const AT_ONCE = 10;

/** Payouts further down that change are read one by one, so that no shown status is old. */
function useFollowing({ rows, newCount, patch }: List<Payout>): void {
  const queries = useQueryClient();
  const read = async (id: string): Promise<Payout> => {
    const { movements, calls, ...payout } = await queries.fetchQuery({ ...payoutQuery(id), staleTime: 0 });
    return payout;
  };
  /** The ids that could not be read. */
  const refresh = useEffectEvent(async (ids: ReadonlySet<string>): Promise<string[]> => {
    const below = (rows ?? []).slice(Math.max(0, FIRST_PAGE - newCount));
    const changed = below.map(({ id }) => id).filter((id) => ids.has(id));
    const failed: string[] = [];
    for (let done = 0; done < changed.length; done += AT_ONCE) {
      const batch = changed.slice(done, done + AT_ONCE);
      const answers = await Promise.allSettled(batch.map(read));
      patch(answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : [])));
      failed.push(...batch.filter((_, index) => answers[index]?.status === "rejected"));
    }
    return failed;
  });
  useEffect(() => {
    const ids = new Set<string>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const run = async () => {
      timer = undefined;
      const due = new Set(ids);
      ids.clear();
      for (const id of await refresh(due)) ids.add(id);
    };
    const schedule = () => {
      timer ??= setTimeout(() => void run(), GATHER_MS);
    };
    const unwatch = watchPayouts((id) => {
      ids.add(id);
      schedule();
    });
    // What could not be read is read once the server is back.
    const unfollow = watchConnection(() => void (!connection().isLost && ids.size > 0 && schedule()));
    return () => {
      unwatch();
      unfollow();
      clearTimeout(timer);
    };
  }, []);
}
