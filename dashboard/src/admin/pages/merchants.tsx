import { Plus, Store } from "lucide-react";
import { useState } from "react";
import { FilteredList } from "@/components/filtered-list";
import { FilterBar, SearchFilter } from "@/components/filters";
import { PageHeader } from "@/ui/app-shell";
import { Card } from "@/ui/card";
import { Money } from "@/ui/money";
import type { Column } from "@/ui/table";
import { Ago } from "@/ui/time";
import { useTitle } from "@/ui/use-title";
import { ActButton } from "../components/act-button";
import { MerchantLink } from "../components/cells";
import { NewMerchantDialog } from "../components/new-merchant-dialog";
import { type Merchant, merchantList } from "../queries";

const columns: Column<Merchant>[] = [
  { name: "Name", phone: "title", cell: (merchant) => <MerchantLink merchant={merchant} isRow /> },
  { name: "Email", cell: (merchant) => <span className="break-all text-soft">{merchant.email}</span> },
  { name: "Created", phone: "hide", cell: (merchant) => <Ago at={merchant.created_at} /> },
  { name: "Available", align: "end", cell: (merchant) => <Money paise={merchant.available_paise} /> },
  { name: "Held", align: "end", cell: (merchant) => <Money paise={merchant.held_paise} /> },
];

export default function MerchantsPage() {
  useTitle("Merchants");
  const [isCreating, setCreating] = useState(false);
  return (
    <>
      <PageHeader
        title="Merchants"
        hint="Each has a balance and API keys of its own."
        actions={
          <ActButton variant="primary" onClick={() => setCreating(true)}>
            <Plus aria-hidden />
            New merchant
          </ActButton>
        }
      />
      <Card>
        <FilterBar>
          <SearchFilter name="search" label="Search merchants" placeholder="Name, email or ID" />
        </FilterBar>
        <FilteredList
          source={merchantList}
          what="merchants"
          caption="Merchants"
          columns={columns}
          rowKey={(merchant) => merchant.id}
          hasRowLinks
          empty={{ icon: Store, title: "No merchants yet", text: "Create the first one." }}
          noMatch={{
            title: "No merchants match this search",
            text: "Search for part of the name or email, or for the whole ID.",
          }}
        />
      </Card>
      {isCreating && <NewMerchantDialog onClose={() => setCreating(false)} />}
    </>
  );
}
