import { SendHorizontal } from "lucide-react";
import { filters } from "@/lib/payout";
import { PageHeader } from "@/ui/app-shell";
import { Card } from "@/ui/card";
import { useTitle } from "@/ui/use-title";
import { DateFilters, FilterBar, SearchFilter, SelectFilter, useFilter } from "../components/filters";
import { List } from "../components/list";
import { MerchantFilter } from "../components/merchant-filter";
import { payoutColumns } from "../components/payout-columns";
import { HOUSE } from "../house";

export default function PayoutsPage() {
  useTitle("Payouts", HOUSE);
  const [filter] = useFilter();
  const isFiltered = Object.keys(filter).length > 0;
  return (
    <>
      <PageHeader title="Payouts" hint="Of all merchants, newest first." />
      <Card>
        <FilterBar>
          <SearchFilter name="search" label="Search payouts" placeholder="Id, reference, account, UTR or reason" />
          <SelectFilter name="status" label="Status" any="Any status" options={filters} />
          <DateFilters />
          <MerchantFilter />
        </FilterBar>
        <List
          name="payouts"
          filter={filter}
          what="payouts"
          caption="Payouts"
          columns={payoutColumns}
          rowKey={(payout) => payout.id}
          hasRowLinks
          empty={{ icon: SendHorizontal, title: isFiltered ? "No payouts match these filters" : "No payouts yet" }}
        />
      </Card>
    </>
  );
}
