import { Plus } from "lucide-react";
import { Button } from "@/ui/button";
import { useNewPayout } from "../new-payout/context";

export function NewPayoutButton() {
  const open = useNewPayout();
  return (
    <Button variant="primary" onClick={() => open()} aria-keyshortcuts="n" title="Shortcut: N">
      <Plus aria-hidden />
      New payout
    </Button>
  );
}
