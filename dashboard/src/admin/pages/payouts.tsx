import { SendHorizontal } from "lucide-react";
import { FilteredList } from "@/components/filtered-list";
import { DateFilters, FilterBar, SearchFilter, SelectFilter } from "@/components/filters";
import { statusFilters } from "@/components/payout-words";
import { PageHeader } from "@/ui/app-shell";
import { Card } from "@/ui/card";
import { useTitle } from "@/ui/use-title";
import { MerchantFilter } from "../components/merchant-filter";
import { payoutColumns } from "../components/payout-columns";
import { payoutList } from "../queries";

export default function PayoutsPage() {
  useTitle("Payouts");
  return (
    <>
      <PageHeader title="Payouts" hint="Of all merchants, newest first." />
      <Card>
        <FilterBar>
          <SearchFilter name="search" label="Search payouts" placeholder="Amount, account, UTR, ID…" />
          <SelectFilter name="status" label="Status" any="All statuses" options={statusFilters} />
          <DateFilters />
          <MerchantFilter />
        </FilterBar>
        <FilteredList
          source={payoutList}
          what="payouts"
          caption="Payouts"
          columns={payoutColumns}
          rowKey={(payout) => payout.id}
          hasRowLinks
          empty={{ icon: SendHorizontal, title: "No payouts yet" }}
        />
      </Card>
    </>
  );
}
