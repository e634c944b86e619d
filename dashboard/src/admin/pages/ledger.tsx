import { useInfiniteQuery } from "@tanstack/react-query";
import { BookOpenText } from "lucide-react";
import { kinds } from "@/lib/payout";
import { PageHeader } from "@/ui/app-shell";
import { Card } from "@/ui/card";
import { useTitle } from "@/ui/use-title";
import { listQuery } from "../api";
import { DateFilters, FilterBar, SelectFilter, useFilter } from "../components/filters";
import { ledgerColumns } from "../components/ledger-columns";
import { List } from "../components/list";
import { MerchantFilter } from "../components/merchant-filter";
import { HOUSE } from "../house";

const kindNames = Object.fromEntries(Object.entries(kinds).map(([kind, { name, way }]) => [kind, `${name}: ${way}`]));

export default function LedgerPage() {
  useTitle("Ledger", HOUSE);
  const [filter] = useFilter();
  const query = useInfiniteQuery(listQuery("ledger", filter));
  const isFiltered = Object.keys(filter).length > 0;
  return (
    <>
      <PageHeader
        title="Ledger"
        hint="Every movement of money, the newest first. Entries are never changed or removed, by anybody."
      />
      <Card>
        <FilterBar>
          <SelectFilter name="kind" label="Kind" any="Every kind" options={kindNames} />
          <DateFilters />
          <MerchantFilter />
        </FilterBar>
        <List
          query={query}
          caption="Ledger entries"
          columns={ledgerColumns}
          rowKey={(entry) => entry.id}
          empty={{ icon: BookOpenText, title: isFiltered ? "No entry like that" : "The ledger is empty" }}
        />
      </Card>
    </>
  );
}
