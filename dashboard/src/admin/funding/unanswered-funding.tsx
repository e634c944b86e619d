import { TriangleAlert } from "lucide-react";
import { useState } from "react";
import { inWords } from "@/api/errors";
import { formatPaise } from "@/lib/money";
import { Button } from "@/ui/button";
import { Fact, Facts } from "@/ui/card";
import { AlertDialog, Dialog } from "@/ui/dialog";
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

/** A funding that was sent and not answered: nobody knows yet whether the merchant was funded. */
export function UnansweredFunding({ merchant, funding, onAgain, onClose }: UnansweredProps) {
  const { open, error, isSending } = funding;
  const [isAsking, setAsking] = useState(false);
  if (!open) return null;
  if (isAsking) {
    return (
      <AlertDialog
        isOpen
        onOpenChange={setAsking}
        title="Discard this request?"
        description={`We cannot check later whether ${formatPaise(open.amountPaise)} was funded. If you enter it again, ${merchant.name} may be funded twice.`}
        confirm="Discard"
        cancel="Back"
        isDanger
        onConfirm={funding.forget}
      />
    );
  }
  return (
    <Dialog
      isOpen
      isHeld={isSending}
      onOpenChange={(isOpen) => !isOpen && onClose()}
      title={`The funding of ${merchant.name} has no answer yet`}
      description="It was sent, and the merchant may or may not have been funded."
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
        {error && `${inWords(error)} `}Send it again to find out: the merchant is funded at most once.
      </Notice>
      <div className="mt-6 flex flex-wrap justify-end gap-2">
        <Button variant="ghost" disabled={isSending} onClick={() => setAsking(true)}>
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
