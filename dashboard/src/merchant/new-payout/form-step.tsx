import { TriangleAlert } from "lucide-react";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { accountError } from "@/lib/account";
import { formatPaise, type Paise, type ParsedAmount, parseRupees } from "@/lib/money";
import { Button } from "@/ui/button";
import { Field, TextInput } from "@/ui/field";
import { Notice } from "@/ui/states";
import { DemoAccounts } from "./demo-accounts";
import type { Refusal } from "./refusal";

export interface Wish {
  amountPaise: Paise;
  account: string;
}

interface Typed {
  amount: string;
  account: string;
}

interface FormStepProps {
  typed: Typed;
  onType: (typed: Typed) => void;
  available: Paise | null;
  isDemo: boolean;
  /** What the server said to the last try. */
  refusal: Refusal;
  /** Called when the person changes what was refused. */
  onEdit: (() => void) | undefined;
  onDone: (wish: Wish) => void;
}

export function FormStep({ typed, onType, available, isDemo, refusal, onEdit, onDone }: FormStepProps) {
  const [isChecked, setChecked] = useState(false);
  const amountField = useRef<HTMLInputElement>(null);
  const accountField = useRef<HTMLInputElement>(null);
  const amount = parseRupees(typed.amount);
  const account = typed.account.trim();
  const wrongAccount = accountError(account);
  // The server decides; but what cannot be paid from this balance is not worth a request.
  const isTooMuch = amount.isValid && available !== null && amount.paise > available;
  const isRefused = refusal.amount.length + refusal.account.length > 0;

  useEffect(() => {
    if (refusal.amount.length > 0 || !refusal.account.length) amountField.current?.focus();
    else accountField.current?.focus();
  }, [refusal.amount.length, refusal.account.length]);

  const change = (next: Typed) => {
    onEdit?.();
    onType(next);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setChecked(true);
    if (!amount.isValid || isTooMuch) amountField.current?.focus();
    else if (wrongAccount) accountField.current?.focus();
    else onDone({ amountPaise: amount.paise, account });
  };

  const ownAmountError = isChecked ? amountError(amount, available) : null;
  return (
    <form onSubmit={submit} noValidate className="grid gap-5">
      {refusal.other.length > 0 && (
        <Notice tone="bad" icon={TriangleAlert} role="alert">
          {refusal.other.join(" ")}
        </Notice>
      )}
      <Field
        label="Amount in rupees"
        error={refusal.amount.length > 0 ? refusal.amount : ownAmountError}
        hint={<Left available={available} paise={amount.isValid ? amount.paise : null} isRefused={isRefused} />}
      >
        {(wiring) => (
          <div className="relative">
            <span
              className="-translate-y-1/2 pointer-events-none absolute top-1/2 left-3.5 text-faint text-xl"
              aria-hidden
            >
              ₹
            </span>
            <TextInput
              {...wiring}
              ref={amountField}
              name="amount"
              inputMode="decimal"
              autoComplete="off"
              placeholder="0.00"
              value={typed.amount}
              onChange={(event) => change({ ...typed, amount: event.target.value })}
              className="tabular h-12 pl-8 font-semibold text-xl max-sm:text-xl"
            />
          </div>
        )}
      </Field>
      <Field
        label="Bank account"
        error={refusal.account.length > 0 ? refusal.account : isChecked ? wrongAccount : null}
      >
        {(wiring) => (
          <TextInput
            {...wiring}
            ref={accountField}
            name="account"
            autoComplete="off"
            spellCheck={false}
            value={typed.account}
            onChange={(event) => change({ ...typed, account: event.target.value })}
          />
        )}
      </Field>
      {isDemo && <DemoAccounts chosen={account} onChoose={(id) => change({ ...typed, account: id })} />}
      <Button type="submit" variant="primary" size="large">
        Continue
      </Button>
    </form>
  );
}

function amountError(amount: ParsedAmount, available: Paise | null): string | null {
  if (!amount.isValid) return amount.error;
  if (available === null || amount.paise <= available) return null;
  return `${formatPaise(amount.paise)} is ${formatPaise(amount.paise - available)} more than the ${formatPaise(available)} available.`;
}

/** What is available, and what will be left. */
function Left({ available, paise, isRefused }: { available: Paise | null; paise: Paise | null; isRefused: boolean }) {
  if (available === null) return <span>Loading the balance…</span>;
  if (paise === null || isRefused) return <span className="tabular">{formatPaise(available)} available</span>;
  const left = available - paise;
  if (left >= 0) return <span className="tabular">{formatPaise(left)} will be left</span>;
  return (
    <span className="tabular text-warn">
      {formatPaise(-left)} more than the {formatPaise(available)} available
    </span>
  );
}
