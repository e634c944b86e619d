import { type FormEvent, useRef, useState } from "react";
import { ApiError, inWords } from "@/api/errors";
import { formatPaise, parseRupees } from "@/lib/money";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, TextInput } from "@/ui/field";
import { Notice } from "@/ui/states";
import { toast } from "@/ui/toast";
import { useFund } from "../actions";
import type { MerchantDetail } from "../api";

interface Wish {
  amount_paise: number;
  description: string;
}

/** Money comes in. One intention has one key: a double click, or once more after a lost answer, funds once. */
export function FundDialog({ merchant, onClose }: { merchant: MerchantDetail; onClose: () => void }) {
  const fund = useFund(merchant.id);
  const [amount, setAmount] = useState("");
  const [description, setDescription] = useState("");
  const [isTried, setTried] = useState(false);
  const keyOf = useKeys();

  const parsed = parseRupees(amount);
  const refusal = fund.error instanceof ApiError ? fund.error : null;
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
    if (!parsed.isValid || description.trim() === "" || fund.isPending) return;
    const wish = { amount_paise: parsed.paise, description: description.trim() };
    fund.mutate(
      { ...wish, key: keyOf(wish) },
      {
        onSuccess: ({ available_balance_paise }) => {
          toast(`${formatPaise(wish.amount_paise)} credited`, {
            tone: "good",
            description: `${merchant.name} has ${formatPaise(available_balance_paise)} available now.`,
          });
          onClose();
        },
      },
    );
  };
  return (
    <Dialog
      isOpen
      onOpenChange={(isOpen) => !isOpen && onClose()}
      isHeld={fund.isPending}
      title={`Fund ${merchant.name}`}
      description="Writes a fund entry into the merchant’s book, and your name beside it into the audit log."
    >
      <form onSubmit={submit} noValidate className="grid gap-4">
        <Field
          label="Amount in rupees"
          error={errors.amount}
          hint={parsed.isValid ? <>{formatPaise(parsed.paise)} will be credited.</> : "For example 1,00,000.50"}
        >
          {(wiring) => (
            <TextInput
              {...wiring}
              inputMode="decimal"
              autoComplete="off"
              value={amount}
              onChange={(event) => setAmount(event.target.value)}
            />
          )}
        </Field>
        <Field label="Description" hint="Stands in the ledger, where the merchant reads it." error={errors.description}>
          {(wiring) => (
            <TextInput
              {...wiring}
              autoComplete="off"
              maxLength={255}
              placeholder="Bank transfer of 22 November"
              value={description}
              onChange={(event) => setDescription(event.target.value)}
            />
          )}
        </Field>
        {fund.error && errors.amount.length + errors.description.length === 0 && (
          <Notice tone="bad" role="alert">
            {inWords(fund.error)} {!refusal && "Sending it again is safe: it is credited once at the most."}
          </Notice>
        )}
        <div className="mt-1 flex justify-end gap-2">
          <Button onClick={onClose} disabled={fund.isPending}>
            Cancel
          </Button>
          <Button type="submit" variant="primary" isBusy={fund.isPending}>
            {parsed.isValid ? `Credit ${formatPaise(parsed.paise)}` : "Credit"}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** The key of a wish: the same one for as long as the wish is the same. */
function useKeys(): (wish: Wish) => string {
  const kept = useRef<{ wish: string; key: string } | null>(null);
  return (wish) => {
    const text = JSON.stringify([wish.amount_paise, wish.description]);
    if (kept.current?.wish !== text) kept.current = { wish: text, key: crypto.randomUUID() };
    return kept.current.key;
  };
}
