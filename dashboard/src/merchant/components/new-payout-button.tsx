import { Plus } from "lucide-react";
import { useShortcuts } from "@/lib/shortcuts";
import { Button } from "@/ui/button";
import { useNewPayout } from "../new-payout/context";

export function NewPayoutButton() {
  const open = useNewPayout();
  const shortcut = useShortcuts() ? { "aria-keyshortcuts": "n", title: "Shortcut: N" } : {};
  return (
    <Button variant="primary" onClick={() => open()} {...shortcut}>
      <Plus aria-hidden />
      New payout
    </Button>
  );
}
