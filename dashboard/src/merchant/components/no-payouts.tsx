import { ArrowUpRight } from "lucide-react";
import { NewPayoutButton } from "./new-payout-button";

/** Instead of a list of payouts while there are none. */
export const noPayouts = {
  icon: ArrowUpRight,
  title: "No payouts yet",
  text: "Create your first payout. We reserve the amount immediately and show every step.",
  action: <NewPayoutButton />,
};
