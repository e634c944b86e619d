import { type FormEvent, useState } from "react";
import { ApiError, inWords } from "@/api/errors";
import { formatPaise } from "@/lib/money";
import { Button } from "@/ui/button";
import { AlertDialog, Dialog } from "@/ui/dialog";
import { Field, TextArea, TextInput } from "@/ui/field";
import { Notice } from "@/ui/states";
import { toast } from "@/ui/toast";
import { useDecide } from "../actions";
import type { AdminPayout, Decision } from "../api";

type Outcome = Decision["outcome"];

const outcomes: Record<Outcome, { name: string; hint: string; word: string; confirm: string }> = {
  paid: {
    name: "The bank paid",
    hint: "You have its reference (UTR). The held funds are settled.",
    word: "paid",
    confirm: "Record it as paid",
  },
  not_paid: {
    name: "The bank did not pay, and never will",
    hint: "You have the bank’s word for it. The held funds go back to the merchant.",
    word: "not paid",
    confirm: "Refund it",
  },
};

const REASON_MIN = 10;
const REASON_MAX = 1_000;

interface Form {
  outcome: Outcome | null;
  utr: string;
  reason: string;
}

/** What is missing, in words, by field. */
function faults({ outcome, utr, reason }: Form) {
  const length = [...reason.trim()].length;
  return {
    outcome: outcome ? [] : ["Choose one of the two."],
    utr: outcome === "paid" && utr.trim() === "" ? ["Give the bank’s reference: without it there is no proof."] : [],
    reason:
      length < REASON_MIN
        ? [`Write at least ${REASON_MIN} characters: who said so, when, and where it is written.`]
        : length > REASON_MAX
          ? [`Write at most ${REASON_MAX} characters.`]
          : [],
  };
}

const decisionOf = ({ outcome, utr, reason }: Form & { outcome: Outcome }): Decision =>
  outcome === "paid" ? { outcome, utr: utr.trim(), reason: reason.trim() } : { outcome, reason: reason.trim() };

/** An operator ends a doubt: first what and why, then once more with what it does to the money. */
export function DecideDialog({ payout, onClose }: { payout: AdminPayout; onClose: () => void }) {
  const decide = useDecide(payout.merchant.id, payout.id);
  const [form, setForm] = useState<Form>({ outcome: null, utr: "", reason: "" });
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
        toast(`Decided: ${outcomes[outcome].word}`, { tone: "good", description: consequence(payout, outcome) });
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
        title={`${outcomes[outcome].confirm}: ${formatPaise(payout.amount_paise)} of ${payout.merchant.name}?`}
        description={consequence(payout, outcome)}
        confirm={outcomes[outcome].confirm}
        cancel="Back"
        isDanger
        isBusy={decide.isPending}
        onConfirm={carryOut}
      >
        <Notice tone="warn">
          {outcome === "paid"
            ? "If the bank did not pay after all, the merchant’s money is gone from the books and nobody received it."
            : "If the bank did pay, or pays yet, the money is paid out twice over: it is the merchant’s again and the payee’s."}{" "}
          It cannot be undone. Your name and your reason are kept for ever.
        </Notice>
      </AlertDialog>
    );
  }
  return (
    <Dialog
      isOpen
      onOpenChange={(isOpen) => !isOpen && onClose()}
      title="Decide this doubt"
      description={`${formatPaise(payout.amount_paise)} to ${payout.bank_account_id}. Only with the bank’s own word in hand.`}
    >
      <form onSubmit={submit} noValidate className="grid gap-5">
        <Choice outcome={outcome} errors={of("outcome")} onChange={(chosen) => setForm({ ...form, outcome: chosen })} />
        {outcome === "paid" && (
          <Field label="UTR" hint="The bank’s own reference of the transfer." error={of("utr")}>
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
        <Field
          label="Reason"
          hint={`How do you know? ${[...form.reason.trim()].length} of ${REASON_MAX} characters.`}
          error={of("reason")}
        >
          {(wiring) => (
            <TextArea
              {...wiring}
              placeholder="The bank’s desk confirmed by letter of 22 November that …"
              value={form.reason}
              onChange={(event) => setForm({ ...form, reason: event.target.value })}
            />
          )}
        </Field>
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
    ? `${amount} leave the held balance of ${merchant.name} for the bank, and the payout is completed. The bank is not asked again.`
    : `${amount} go from the held to the available balance of ${merchant.name}, and the payout has failed. It is not sent again.`;
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
