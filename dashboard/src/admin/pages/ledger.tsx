import { BookOpenText } from "lucide-react";
import { FilteredList } from "@/components/filtered-list";
import { DateFilters, FilterBar, SelectFilter } from "@/components/filters";
import { kindFilters } from "@/components/payout-words";
import { PageHeader } from "@/ui/app-shell";
import { Card } from "@/ui/card";
import { useTitle } from "@/ui/use-title";
import { ledgerColumns } from "../components/ledger-columns";
import { MerchantFilter } from "../components/merchant-filter";
import { ledgerList } from "../queries";

export default function LedgerPage() {
  useTitle("Ledger");
  return (
    <>
      <PageHeader title="Ledger" hint="Every movement of money, newest first. Nobody can change or remove an entry." />
      <Card>
        <FilterBar>
          <SelectFilter name="kind" label="Kind" any="All kinds" options={kindFilters} />
          <DateFilters />
          <MerchantFilter />
        </FilterBar>
        <FilteredList
          source={ledgerList}
          what="entries"
          caption="Ledger entries"
          columns={ledgerColumns}
          rowKey={(entry) => entry.id}
          empty={{ icon: BookOpenText, title: "The ledger is empty" }}
        />
      </Card>
    </>
  );
}
