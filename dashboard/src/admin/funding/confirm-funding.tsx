import { formatPaise } from "@/lib/money";
import { Button } from "@/ui/button";
import { Fact, Facts } from "@/ui/card";
import { Dialog } from "@/ui/dialog";
import type { MerchantDetail } from "../queries";
import { amountInWords } from "./amount-in-words";
import type { Wish } from "./use-funding";

interface ConfirmProps {
  merchant: MerchantDetail;
  wish: Wish;
  isSending: boolean;
  onBack: () => void;
  onConfirm: () => void;
}

/** The last look: to whom, how much in figures and in words, and what the balance will be. */
export function ConfirmFunding({ merchant, wish, isSending, onBack, onConfirm }: ConfirmProps) {
  const after = BigInt(merchant.available_paise) + BigInt(wish.amountPaise);
  return (
    <Dialog
      isOpen
      isHeld={isSending}
      onOpenChange={(isOpen) => !isOpen && onBack()}
      title={`Fund ${merchant.name} with ${formatPaise(wish.amountPaise)}?`}
      description="An entry in the ledger cannot be undone."
    >
      <p className="tabular break-words font-semibold text-2xl">{formatPaise(wish.amountPaise)}</p>
      <p className="mt-1 mb-5 text-soft" data-testid="amount-in-words">
        {amountInWords(wish.amountPaise)}
      </p>
      <Facts>
        <Fact name="Merchant">
          {merchant.name}
          <span className="block break-all text-faint">{merchant.email}</span>
        </Fact>
        <Fact name="Description">{wish.description}</Fact>
        <Fact name="Available now">
          <span className="tabular">{formatPaise(merchant.available_paise)}</span>
        </Fact>
        <Fact name="Available afterwards">
          <strong className="tabular">{formatPaise(after)}</strong>
        </Fact>
      </Facts>
      <div className="mt-6 flex flex-wrap justify-end gap-2">
        <Button onClick={onBack} disabled={isSending}>
          Back
        </Button>
        <Button variant="primary" isBusy={isSending} onClick={onConfirm}>
          Fund {formatPaise(wish.amountPaise)}
        </Button>
      </div>
    </Dialog>
  );
}
