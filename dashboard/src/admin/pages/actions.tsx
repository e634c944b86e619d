import { ScrollText } from "lucide-react";
import { FilteredList } from "@/components/filtered-list";
import { FilterBar, SearchFilter, SelectFilter } from "@/components/filters";
import { PageHeader } from "@/ui/app-shell";
import { Card } from "@/ui/card";
import { useTitle } from "@/ui/use-title";
import { actionColumns, actionWords } from "../components/action-columns";
import { MerchantFilter } from "../components/merchant-filter";
import { actionList } from "../queries";

const words = Object.fromEntries(Object.entries(actionWords).map(([word, { name }]) => [word, name]));

export default function ActionsPage() {
  useTitle("Audit log");
  return (
    <>
      <PageHeader
        title="Audit log"
        hint="What every operator did, newest first. Nobody can change or remove an entry."
      />
      <Card>
        <FilterBar>
          <SearchFilter name="operator" label="Operator" placeholder="An operator’s name" />
          <SelectFilter name="action" label="Action" any="All actions" options={words} />
          <MerchantFilter />
        </FilterBar>
        <FilteredList
          source={actionList}
          what="actions"
          caption="Operators’ actions"
          columns={actionColumns}
          rowKey={(action) => action.id}
          empty={{ icon: ScrollText, title: "No actions yet" }}
        />
      </Card>
    </>
  );
}
