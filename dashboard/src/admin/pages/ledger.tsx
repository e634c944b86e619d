import { BookOpenText } from "lucide-react";
import { kinds } from "@/lib/payout";
import { PageHeader } from "@/ui/app-shell";
import { Card } from "@/ui/card";
import { useTitle } from "@/ui/use-title";
import { DateFilters, FilterBar, SelectFilter, useFilter } from "../components/filters";
import { ledgerColumns } from "../components/ledger-columns";
import { List } from "../components/list";
import { MerchantFilter } from "../components/merchant-filter";
import { HOUSE } from "../house";

const kindNames = Object.fromEntries(Object.entries(kinds).map(([kind, { name, way }]) => [kind, `${name}: ${way}`]));

export default function LedgerPage() {
  useTitle("Ledger", HOUSE);
  const [filter] = useFilter();
  const isFiltered = Object.keys(filter).length > 0;
  return (
    <>
      <PageHeader title="Ledger" hint="Every movement of money, newest first. Nobody can change or remove an entry." />
      <Card>
        <FilterBar>
          <SelectFilter name="kind" label="Kind" any="Every kind" options={kindNames} />
          <DateFilters />
          <MerchantFilter />
        </FilterBar>
        <List
          name="ledger"
          filter={filter}
          what="entries"
          caption="Ledger entries"
          columns={ledgerColumns}
          rowKey={(entry) => entry.id}
          empty={{ icon: BookOpenText, title: isFiltered ? "No entries match these filters" : "The ledger is empty" }}
        />
      </Card>
    </>
  );
}
