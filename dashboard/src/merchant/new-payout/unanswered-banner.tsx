import { CircleHelp } from "lucide-react";
import { useMemo, useState, useSyncExternalStore } from "react";
import type { Intention } from "@/lib/intention";
import { formatPaise } from "@/lib/money";
import { forget, openIntentions, storedIntentions, watchIntentions } from "@/lib/open-intentions";
import { useNow } from "@/lib/use-now";
import { Button } from "@/ui/button";
import { AlertDialog } from "@/ui/dialog";
import { Ago } from "@/ui/time";
import { useSignedInMerchant } from "../session";
import { useIsPayoutDialogOpen, useNewPayout } from "./context";

/** Another window may be waiting for the answer at this moment. */
const GRACE_MS = 4_000;

/** Payouts that were sent and never answered, from before a reload or a closed window. */
export function UnansweredBanner() {
  const { merchant } = useSignedInMerchant();
  const isDialogOpen = useIsPayoutDialogOpen();
  const stored = useSyncExternalStore(watchIntentions, () => storedIntentions(merchant.id));
  // biome-ignore lint/correctness/useExhaustiveDependencies: `stored` says when to read again.
  const intentions = useMemo(() => openIntentions(merchant.id), [merchant.id, stored]);
  const now = useNow(2_000);
  if (isDialogOpen) return null;
  return intentions
    .filter(({ startedAt }) => now.getTime() - Date.parse(startedAt) > GRACE_MS)
    .map((intention) => <Unanswered key={intention.key} intention={intention} merchantId={merchant.id} />);
}

function Unanswered({ intention, merchantId }: { intention: Intention; merchantId: string }) {
  const open = useNewPayout();
  const [isAsking, setAsking] = useState(false);
  return (
    <section
      aria-label="A payout without an answer"
      className="flex flex-wrap items-center gap-x-4 gap-y-2 bg-warn-soft px-4 py-3 text-warn sm:px-6 lg:px-10"
    >
      <p className="flex min-w-64 flex-1 gap-2.5">
        <CircleHelp className="mt-0.5 size-4 shrink-0" aria-hidden />
        <span>
          {formatPaise(intention.amountPaise)} to {intention.account} was sent <Ago at={intention.startedAt} />, and no
          answer came. Check whether it was accepted: it cannot be paid twice.
        </span>
      </p>
      <div className="flex gap-2">
        <Button size="small" onClick={() => setAsking(true)}>
          Dismiss
        </Button>
        <Button size="small" variant="primary" onClick={() => open({ again: intention })}>
          Check now
        </Button>
      </div>
      <AlertDialog
        isOpen={isAsking}
        onOpenChange={setAsking}
        title="Dismiss without checking?"
        description={`We cannot check later whether ${formatPaise(intention.amountPaise)} to ${intention.account} was accepted. If you enter it again, it may be paid twice.`}
        confirm="Dismiss"
        isDanger
        onConfirm={() => forget(merchantId, intention.key)}
      />
    </section>
  );
}
