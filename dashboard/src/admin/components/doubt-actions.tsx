import { Gavel, PhoneCall } from "lucide-react";
import { type ReactNode, useState } from "react";
import { inWords } from "@/api/errors";
import { toast } from "@/ui/toast";
import { useAsk } from "../actions";
import { useOperator } from "../current-operator";
import { hasDraft } from "../draft";
import type { AdminPayout } from "../queries";
import { ActButton } from "./act-button";
import { DecideDialog, draftOf } from "./decide-dialog";

interface DoubtActionsProps {
  payout: AdminPayout;
  size?: "small" | "medium";
  onResolve: (payout: AdminPayout) => void;
}

/** What can be done about a payout in doubt: ask the bank without waiting, or resolve it. */
export function DoubtActions({ payout, size, onResolve }: DoubtActionsProps) {
  const ask = useAsk();
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
      <ActButton size={size} onClick={() => onResolve(payout)}>
        <Gavel aria-hidden />
        Resolve{whose}
      </ActButton>
    </span>
  );
}

/**
 * The form in which an operator resolves a payout. It belongs to the page and not to the payout's row: the row goes away
 * when the bank answers, and with it would go what is being typed. A draft opens its form again.
 */
export function useDeciding(payouts: readonly AdminPayout[] | undefined): {
  resolve: (payout: AdminPayout) => void;
  dialog: ReactNode;
} {
  const operator = useOperator();
  const [deciding, setDeciding] = useState<AdminPayout | null>(null);
  const [isResumed, setResumed] = useState(false);
  if (payouts && !isResumed) {
    setResumed(true);
    setDeciding(payouts.find((payout) => hasDraft(operator.id, draftOf(payout))) ?? null);
  }
  const isOver = deciding !== null && !payouts?.some(({ id }) => id === deciding.id);
  return {
    resolve: setDeciding,
    dialog: deciding && (
      <DecideDialog key={deciding.id} payout={deciding} isOver={isOver} onClose={() => setDeciding(null)} />
    ),
  };
}
