import { useState } from "react";
import { z } from "zod";
import { ApiError } from "@/api/errors";
import { Form, TextField, useApiForm } from "@/components/form";
import { formatPaise, parseRupees } from "@/lib/money";
import { Dialog } from "@/ui/dialog";
import { Notice } from "@/ui/states";
import { toast } from "@/ui/toast";
import { useDraft } from "../draft";
import type { MerchantDetail } from "../queries";
import { amountInWords } from "./amount-in-words";
import { ConfirmFunding } from "./confirm-funding";
import { UnansweredFunding } from "./unanswered-funding";
import { useFunding, type Wish } from "./use-funding";

const schema = z.object({
  amount: z.string().check(({ value, issues }) => {
    const parsed = parseRupees(value);
    if (!parsed.isValid) issues.push({ code: "custom", input: value, message: parsed.error });
  }),
  description: z.string().trim().min(1, "Say where the money comes from."),
});
type Typed = z.infer<typeof schema>;

const EMPTY: Typed = { amount: "", description: "" };
export const draftOf = (merchant: { id: string }) => `fund-${merchant.id}`;

/** Funds a merchant: what and why, then once more with what it does to the balance, then until it is certain. */
export function FundDialog({ merchant, onClose }: { merchant: MerchantDetail; onClose: () => void }) {
  const { draft, change, discard, isRestored } = useDraft(draftOf(merchant), EMPTY);
  const [wish, setWish] = useState<Wish | null>(null);
  const funding = useFunding(merchant, (sent, { available_balance_paise }) => {
    toast(`${formatPaise(sent.amountPaise)} funded`, {
      tone: "good",
      description: `${merchant.name} has ${formatPaise(available_balance_paise)} available now.`,
    });
    close();
  });
  const close = () => {
    discard();
    onClose();
  };
  const refusal = funding.error instanceof ApiError && !funding.open ? funding.error : null;
  const form = useApiForm<Typed>({
    schema,
    defaultValues: draft,
    error: refusal,
    names: { amount_paise: "amount" },
    onChange: change,
  });
  const amount = parseRupees(form.watch("amount"));
  const proceed = ({ description }: Typed) => {
    if (amount.isValid) setWish({ amountPaise: amount.paise, description });
  };

  if (funding.open && !(wish && funding.isSending)) {
    return (
      <UnansweredFunding
        merchant={merchant}
        funding={funding}
        onAgain={() => {
          setWish(null);
          funding.again();
        }}
        onClose={onClose}
      />
    );
  }
  if (wish && !refusal) {
    return (
      <ConfirmFunding
        merchant={merchant}
        wish={wish}
        isSending={funding.isSending}
        onBack={() => setWish(null)}
        onConfirm={() => funding.begin(wish)}
      />
    );
  }
  return (
    <Dialog
      isOpen
      onOpenChange={(isOpen) => !isOpen && close()}
      title={`Fund ${merchant.name}`}
      description="The amount is added to the merchant’s available balance and recorded in the ledger and the audit log."
    >
      {isRestored && (
        <Notice tone="info" className="mb-4">
          This is what you typed before. Nothing was sent.
        </Notice>
      )}
      <Form form={form} onSubmit={proceed} submit="Continue" onCancel={close}>
        <TextField
          form={form}
          name="amount"
          label="Amount in rupees"
          inputMode="decimal"
          hint={
            amount.isValid ? (
              <>
                {formatPaise(amount.paise)}: {amountInWords(amount.paise)}
              </>
            ) : (
              "For example 1,00,000.50"
            )
          }
        />
        <TextField
          form={form}
          name="description"
          label="Description"
          hint="The merchant reads it in the ledger."
          maxLength={255}
          placeholder="Bank transfer of 22 November"
        />
      </Form>
    </Dialog>
  );
}
