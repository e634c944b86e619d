import { ScrollText } from "lucide-react";
import { PageHeader } from "@/ui/app-shell";
import { Card } from "@/ui/card";
import { useTitle } from "@/ui/use-title";
import { actionColumns, actionWords } from "../components/action-columns";
import { FilterBar, SearchFilter, SelectFilter, useFilter } from "../components/filters";
import { List } from "../components/list";
import { MerchantFilter } from "../components/merchant-filter";
import { HOUSE } from "../house";

const words = Object.fromEntries(Object.entries(actionWords).map(([word, { name }]) => [word, name]));

export default function ActionsPage() {
  useTitle("Audit log", HOUSE);
  const [filter] = useFilter();
  return (
    <>
      <PageHeader
        title="Audit log"
        hint="What every operator did, newest first. Nobody can change or remove an entry."
      />
      <Card>
        <FilterBar>
          <SearchFilter name="operator" label="Operator" placeholder="An operator’s name" />
          <SelectFilter name="action" label="Action" any="Every action" options={words} />
          <MerchantFilter />
        </FilterBar>
        <List
          name="actions"
          filter={filter}
          what="actions"
          caption="Operators’ actions"
          columns={actionColumns}
          rowKey={(action) => action.id}
          empty={{
            icon: ScrollText,
            title: Object.keys(filter).length > 0 ? "No actions match these filters" : "No actions yet",
          }}
        />
      </Card>
    </>
  );
}
