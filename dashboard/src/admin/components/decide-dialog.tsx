import { useState } from "react";
import { z } from "zod";
import { type ApiForm, errorOf, Form, TextField, useApiForm } from "@/components/form";
import { formatPaise } from "@/lib/money";
import { AlertDialog, Dialog } from "@/ui/dialog";
import { Notice } from "@/ui/states";
import { toast } from "@/ui/toast";
import { useDecide } from "../actions";
import { useDraft } from "../draft";
import type { AdminPayout, Decision } from "../queries";
import { ReasonField, reasonSchema } from "./reason-field";

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

const schema = z
  .object({
    outcome: z.enum(["paid", "not_paid"], { error: "Choose one of the two." }),
    utr: z.string().trim(),
    reason: reasonSchema("who at the bank confirmed it, when, and in which document").trim(),
  })
  .refine(({ outcome, utr }) => outcome !== "paid" || utr !== "", {
    path: ["utr"],
    error: "Enter the bank’s reference. Without it there is no proof.",
  });
type Decided = z.infer<typeof schema>;

const EMPTY = { utr: "", reason: "" };
/** A decision is typed with the bank’s letter in hand: the end of a session must not discard it. */
export const draftOf = (payout: AdminPayout) => `decide-${payout.id}`;

const decisionOf = ({ outcome, utr, reason }: Decided): Decision =>
  outcome === "paid" ? { outcome, utr, reason } : { outcome, reason };

interface DecideProps {
  payout: AdminPayout;
  /** It is no longer in doubt: the bank answered, or another operator resolved it. */
  isOver: boolean;
  onClose: () => void;
}

/** An operator resolves a payout in doubt: first what and why, then once more with what it does to the money. */
export function DecideDialog({ payout, isOver, ...props }: DecideProps) {
  const decide = useDecide(payout.merchant.id, payout.id);
  const { draft, change, discard, isRestored } = useDraft<Partial<Decided>>(draftOf(payout), EMPTY);
  const form = useApiForm<Decided>({ schema, defaultValues: draft, error: decide.error, onChange: change });
  const [decided, setDecided] = useState<Decided | null>(null);
  const onClose = () => {
    discard();
    props.onClose();
  };
  const carryOut = () => {
    if (!decided || decide.isPending) return;
    const { outcome } = decided;
    decide.mutate(decisionOf(decided), {
      onSuccess: () => {
        toast(`Resolved: ${outcomes[outcome].word}`, { tone: "good", description: consequence(payout, outcome) });
        onClose();
      },
      onError: () => setDecided(null),
    });
  };

  if (decided) {
    const { outcome } = decided;
    return (
      <AlertDialog
        isOpen
        onOpenChange={(isOpen) => !isOpen && !decide.isPending && setDecided(null)}
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
      <div role="status">
        {isOver && (
          <Notice tone="warn" className="mb-4">
            This payout is no longer in doubt. Close this form and look at the payout.
          </Notice>
        )}
      </div>
      <Form form={form} onSubmit={setDecided} submit="Continue" onCancel={onClose}>
        <Choice form={form} />
        {form.watch("outcome") === "paid" && (
          <TextField
            form={form}
            name="utr"
            label="UTR"
            hint="The bank’s reference of the transfer."
            spellCheck={false}
            maxLength={64}
            className="font-mono"
          />
        )}
        <ReasonField
          form={form}
          name="reason"
          question="How do you know?"
          example="The bank confirmed by letter of 22 November that …"
        />
      </Form>
    </Dialog>
  );
}

function consequence({ amount_paise, merchant }: AdminPayout, outcome: Outcome): string {
  const amount = formatPaise(amount_paise);
  return outcome === "paid"
    ? `${amount} leaves the held balance of ${merchant.name}, and the payout is completed. The bank is not asked again.`
    : `${amount} goes from the held to the available balance of ${merchant.name}, and the payout has failed. It is not sent again.`;
}

function Choice({ form }: { form: ApiForm<Decided> }) {
  const error = errorOf(form, "outcome");
  return (
    <fieldset className="grid gap-2" aria-describedby={error ? "outcome-error" : undefined}>
      <legend className="mb-1.5 font-medium text-[0.8125rem]">Outcome</legend>
      {(Object.keys(outcomes) as Outcome[]).map((value) => (
        <label
          key={value}
          className="flex cursor-pointer gap-3 rounded-lg border border-edge px-3.5 py-3 hover:bg-sunken has-checked:border-accent has-checked:bg-accent-soft"
        >
          <input
            type="radio"
            value={value}
            {...form.register("outcome")}
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
        {error}
      </p>
    </fieldset>
  );
}
