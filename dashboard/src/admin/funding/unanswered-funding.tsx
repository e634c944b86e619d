import { TriangleAlert } from "lucide-react";
import { inWords } from "@/api/errors";
import { formatPaise } from "@/lib/money";
import { Button } from "@/ui/button";
import { Fact, Facts } from "@/ui/card";
import { Dialog } from "@/ui/dialog";
import { Notice } from "@/ui/states";
import { Moment } from "@/ui/time";
import type { MerchantDetail } from "../queries";
import { amountInWords } from "./amount-in-words";
import type { useFunding } from "./use-funding";

interface UnansweredProps {
  merchant: MerchantDetail;
  funding: ReturnType<typeof useFunding>;
  onAgain: () => void;
  onClose: () => void;
}

/** A funding that was sent and not answered: nobody knows yet whether it was credited. */
export function UnansweredFunding({ merchant, funding, onAgain, onClose }: UnansweredProps) {
  const { open, error, isSending } = funding;
  if (!open) return null;
  return (
    <Dialog
      isOpen
      isHeld={isSending}
      onOpenChange={(isOpen) => !isOpen && onClose()}
      title={`A funding of ${merchant.name} has no answer yet`}
      description="It was sent, and it may or may not have been credited."
    >
      <Facts>
        <Fact name="Amount">
          <strong className="tabular">{formatPaise(open.amountPaise)}</strong>
          <span className="block text-faint">{amountInWords(open.amountPaise)}</span>
        </Fact>
        <Fact name="Description">{open.description}</Fact>
        <Fact name="Sent">
          <Moment at={open.startedAt} />
        </Fact>
      </Facts>
      <Notice tone="warn" icon={TriangleAlert} role="alert" className="mt-4">
        {error && `${inWords(error)} `}Send it again to find out: it is credited once at the most.
      </Notice>
      <div className="mt-6 flex flex-wrap justify-end gap-2">
        <Button variant="ghost" disabled={isSending} onClick={funding.forget}>
          Do not send it again
        </Button>
        <Button disabled={isSending} onClick={onClose}>
          Decide later
        </Button>
        <Button variant="primary" isBusy={isSending} onClick={onAgain}>
          Send again
        </Button>
      </div>
    </Dialog>
  );
}
