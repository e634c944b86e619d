import { ArrowUpRight } from "lucide-react";
import { EmptyState } from "@/ui/states";
import { NewPayoutButton } from "./new-payout-button";

export const NoPayouts = () => (
  <EmptyState icon={ArrowUpRight} title="No payouts yet" action={<NewPayoutButton />}>
    Create your first payout. We reserve the amount immediately and show every step.
  </EmptyState>
);
