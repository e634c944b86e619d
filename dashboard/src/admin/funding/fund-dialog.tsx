import { type FormEvent, useState } from "react";
import { ApiError, inWords } from "@/api/errors";
import { formatPaise, parseRupees } from "@/lib/money";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, TextInput } from "@/ui/field";
import { Notice } from "@/ui/states";
import { toast } from "@/ui/toast";
import { useDraft } from "../draft";
import type { MerchantDetail } from "../queries";
import { amountInWords } from "./amount-in-words";
import { ConfirmFunding } from "./confirm-funding";
import { UnansweredFunding } from "./unanswered-funding";
import { useFunding, type Wish } from "./use-funding";

const EMPTY = { amount: "", description: "" };
export const draftOf = (merchant: { id: string }) => `fund-${merchant.id}`;

/** Credits a merchant: what and why, then once more with what it does to the balance, then until it is certain. */
export function FundDialog({ merchant, onClose }: { merchant: MerchantDetail; onClose: () => void }) {
  const { draft, change, discard, isRestored } = useDraft(draftOf(merchant), EMPTY);
  const [wish, setWish] = useState<Wish | null>(null);
  const funding = useFunding(merchant, (sent, { available_balance_paise }) => {
    toast(`${formatPaise(sent.amountPaise)} credited`, {
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
      <FundForm draft={draft} refusal={refusal} onChange={change} onCancel={close} onContinue={setWish} />
    </Dialog>
  );
}

function FundForm({ draft, refusal, onChange, onCancel, onContinue }: FormProps) {
  const [isTried, setTried] = useState(false);
  const { amount, description } = draft;
  const parsed = parseRupees(amount);
  const errors = {
    amount: isTried && !parsed.isValid ? [parsed.error] : (refusal?.field("amount_paise") ?? []),
    description:
      isTried && description.trim() === ""
        ? ["Say where the money comes from."]
        : (refusal?.field("description") ?? []),
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (!parsed.isValid || description.trim() === "") return;
    onContinue({ amountPaise: parsed.paise, description: description.trim() });
  };
  return (
    <form onSubmit={submit} noValidate className="grid gap-4">
      <Field
        label="Amount in rupees"
        error={errors.amount}
        hint={
          parsed.isValid ? (
            <>
              {formatPaise(parsed.paise)}: {amountInWords(parsed.paise)}
            </>
          ) : (
            "For example 1,00,000.50"
          )
        }
      >
        {(wiring) => (
          <TextInput
            {...wiring}
            inputMode="decimal"
            autoComplete="off"
            value={amount}
            onChange={(event) => onChange({ ...draft, amount: event.target.value })}
          />
        )}
      </Field>
      <Field label="Description" hint="The merchant reads it in the ledger." error={errors.description}>
        {(wiring) => (
          <TextInput
            {...wiring}
            autoComplete="off"
            maxLength={255}
            placeholder="Bank transfer of 22 November"
            value={description}
            onChange={(event) => onChange({ ...draft, description: event.target.value })}
          />
        )}
      </Field>
      {refusal && errors.amount.length + errors.description.length === 0 && (
        <Notice tone="bad" role="alert">
          {inWords(refusal)}
        </Notice>
      )}
      <div className="mt-1 flex justify-end gap-2">
        <Button onClick={onCancel}>Cancel</Button>
        <Button type="submit" variant="primary">
          Continue
        </Button>
      </div>
    </form>
  );
}

interface FormProps {
  draft: typeof EMPTY;
  /** The server's refusal of what was sent last. */
  refusal: ApiError | null;
  onChange: (draft: typeof EMPTY) => void;
  onCancel: () => void;
  onContinue: (wish: Wish) => void;
}
