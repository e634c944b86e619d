import { Gavel, PhoneCall } from "lucide-react";
import { useState } from "react";
import { inWords } from "@/api/errors";
import { toast } from "@/ui/toast";
import { useAsk } from "../actions";
import { useHasDraft } from "../draft";
import type { AdminPayout } from "../queries";
import { ActButton } from "./act-button";
import { DecideDialog, draftOf } from "./decide-dialog";

/** What can be done about a payout in doubt: ask the bank without waiting, or decide. */
export function DoubtActions({ payout, size }: { payout: AdminPayout; size?: "small" | "medium" }) {
  const ask = useAsk();
  const [isDeciding, setDeciding] = useState(useHasDraft(draftOf(payout)));
  const askNow = () =>
    ask.mutate(
      { merchant: payout.merchant.id, id: payout.id },
      {
        onSuccess: () => toast("The bank is being asked", { description: "Its answer appears here." }),
        onError: (error) => toast("The bank was not asked", { tone: "bad", description: inWords(error) }),
      },
    );
  const whose = <span className="sr-only"> payout to {payout.bank_account_id}</span>;
  return (
    <span className="inline-flex flex-wrap gap-2 sm:flex-nowrap">
      <ActButton size={size} isBusy={ask.isPending} onClick={askNow}>
        <PhoneCall aria-hidden />
        Ask the bank now{whose}
      </ActButton>
      <ActButton size={size} onClick={() => setDeciding(true)}>
        <Gavel aria-hidden />
        Resolve{whose}
      </ActButton>
      {isDeciding && <DecideDialog payout={payout} onClose={() => setDeciding(false)} />}
    </span>
  );
}
