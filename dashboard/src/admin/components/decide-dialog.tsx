import { type FormEvent, useState } from "react";
import { ApiError, inWords } from "@/api/errors";
import { formatPaise } from "@/lib/money";
import { Button } from "@/ui/button";
import { AlertDialog, Dialog } from "@/ui/dialog";
import { Field, TextInput } from "@/ui/field";
import { Notice } from "@/ui/states";
import { toast } from "@/ui/toast";
import { useDecide } from "../actions";
import { useDraft } from "../draft";
import type { AdminPayout, Decision } from "../queries";
import { ReasonField, reasonFaults } from "./reason-field";

type Outcome = Decision["outcome"];

const outcomes: Record<Outcome, Wording> = {
  paid: {
    name: "The bank paid",
    hint: "You have its reference (UTR). The held amount is settled.",
    word: "paid",
    confirm: "Record as paid",
    question: (amount: string, merchant: string) => `Record ${amount} of ${merchant} as paid?`,
  },
  not_paid: {
    name: "The bank did not pay, and never will",
    hint: "You have the bank’s written confirmation. The held amount goes back to the merchant.",
    word: "not paid",
    confirm: "Refund",
    question: (amount: string, merchant: string) => `Refund ${amount} to ${merchant}?`,
  },
};

interface Wording {
  name: string;
  hint: string;
  word: string;
  confirm: string;
  question: (amount: string, merchant: string) => string;
}

interface Form {
  outcome: Outcome | null;
  utr: string;
  reason: string;
}

const EMPTY: Form = { outcome: null, utr: "", reason: "" };
/** A decision is typed with the bank’s letter in hand: the end of a session must not discard it. */
export const draftOf = (payout: AdminPayout) => `decide-${payout.id}`;

/** What is missing, in words, by field. */
function faults({ outcome, utr, reason }: Form) {
  return {
    outcome: outcome ? [] : ["Choose one of the two."],
    utr: outcome === "paid" && utr.trim() === "" ? ["Enter the bank’s reference. Without it there is no proof."] : [],
    reason: reasonFaults(reason),
  };
}

const decisionOf = ({ outcome, utr, reason }: Form & { outcome: Outcome }): Decision =>
  outcome === "paid" ? { outcome, utr: utr.trim(), reason: reason.trim() } : { outcome, reason: reason.trim() };

/** An operator resolves a payout in doubt: first what and why, then once more with what it does to the money. */
export function DecideDialog({ payout, ...props }: { payout: AdminPayout; onClose: () => void }) {
  const decide = useDecide(payout.merchant.id, payout.id);
  const { draft: form, change: setForm, discard, isRestored } = useDraft(draftOf(payout), EMPTY);
  const onClose = () => {
    discard();
    props.onClose();
  };
  const [isTried, setTried] = useState(false);
  const [isAsked, setAsked] = useState(false);
  const { outcome } = form;

  const missing = faults(form);
  const refusal = decide.error instanceof ApiError ? decide.error : null;
  const of = (name: "outcome" | "utr" | "reason") => [
    ...(isTried ? missing[name] : []),
    ...(refusal?.field(name) ?? []),
  ];
  const isAboutFields = ["utr", "reason", "outcome"].some((name) => (refusal?.field(name).length ?? 0) > 0);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    decide.reset();
    if (Object.values(missing).every((texts) => texts.length === 0)) setAsked(true);
  };
  const carryOut = () => {
    if (!outcome || decide.isPending) return;
    decide.mutate(decisionOf({ ...form, outcome }), {
      onSuccess: () => {
        toast(`Resolved: ${outcomes[outcome].word}`, { tone: "good", description: consequence(payout, outcome) });
        onClose();
      },
      onError: () => setAsked(false),
    });
  };

  if (isAsked && outcome) {
    return (
      <AlertDialog
        isOpen
        onOpenChange={(isOpen) => !isOpen && !decide.isPending && setAsked(false)}
        title={outcomes[outcome].question(formatPaise(payout.amount_paise), payout.merchant.name)}
        description={consequence(payout, outcome)}
        confirm={outcomes[outcome].confirm}
        cancel="Back"
        isDanger
        isBusy={decide.isPending}
        onConfirm={carryOut}
      >
        <Notice tone="warn">
          {outcome === "paid"
            ? "If the bank did not pay after all, the merchant loses the amount and nobody receives it."
            : "If the bank has paid, or still pays, the amount is lost: both the merchant and the payee have it."}{" "}
          This cannot be undone. Your name and your reason stay in the audit log.
        </Notice>
      </AlertDialog>
    );
  }
  return (
    <Dialog
      isOpen
      onOpenChange={(isOpen) => !isOpen && onClose()}
      title="Resolve payout"
      description={`${formatPaise(payout.amount_paise)} to ${payout.bank_account_id}. Only with written confirmation from the bank.`}
    >
      {isRestored && (
        <Notice tone="info" className="mb-4">
          This is what you typed before. Nothing was sent.
        </Notice>
      )}
      <form onSubmit={submit} noValidate className="grid gap-5">
        <Choice outcome={outcome} errors={of("outcome")} onChange={(chosen) => setForm({ ...form, outcome: chosen })} />
        {outcome === "paid" && (
          <Field label="UTR" hint="The bank’s reference of the transfer." error={of("utr")}>
            {(wiring) => (
              <TextInput
                {...wiring}
                autoComplete="off"
                spellCheck={false}
                maxLength={64}
                className="font-mono"
                value={form.utr}
                onChange={(event) => setForm({ ...form, utr: event.target.value })}
              />
            )}
          </Field>
        )}
        <ReasonField
          question="How do you know?"
          value={form.reason}
          errors={of("reason")}
          onChange={(reason) => setForm({ ...form, reason })}
        />
        {decide.error && !isAboutFields && (
          <Notice tone="bad" role="alert">
            {inWords(decide.error)}
          </Notice>
        )}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary">
            Continue
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function consequence({ amount_paise, merchant }: AdminPayout, outcome: Outcome): string {
  const amount = formatPaise(amount_paise);
  return outcome === "paid"
    ? `${amount} leaves the held balance of ${merchant.name}, and the payout is completed. The bank is not asked again.`
    : `${amount} goes from the held to the available balance of ${merchant.name}, and the payout has failed. It is not sent again.`;
}

function Choice({ outcome, errors, onChange }: ChoiceProps) {
  return (
    <fieldset className="grid gap-2" aria-describedby={errors.length > 0 ? "outcome-error" : undefined}>
      <legend className="mb-1.5 font-medium text-[0.8125rem]">What happened?</legend>
      {(Object.keys(outcomes) as Outcome[]).map((value) => (
        <label
          key={value}
          className="flex cursor-pointer gap-3 rounded-lg border border-edge px-3.5 py-3 hover:bg-sunken has-checked:border-accent has-checked:bg-accent-soft"
        >
          <input
            type="radio"
            name="outcome"
            value={value}
            checked={outcome === value}
            onChange={() => onChange(value)}
            aria-labelledby={`outcome-${value}`}
            aria-describedby={`outcome-${value}-hint`}
            className="mt-0.5 size-4 shrink-0 accent-accent"
          />
          <span>
            <span id={`outcome-${value}`} className="block font-medium">
              {outcomes[value].name}
            </span>
            <span id={`outcome-${value}-hint`} className="block text-[0.8125rem] text-soft">
              {outcomes[value].hint}
            </span>
          </span>
        </label>
      ))}
      <p id="outcome-error" role="alert" className="text-[0.8125rem] text-bad">
        {errors.join(" ")}
      </p>
    </fieldset>
  );
}

interface ChoiceProps {
  outcome: Outcome | null;
  errors: string[];
  onChange: (outcome: Outcome) => void;
}
