import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { TriangleAlert } from "lucide-react";
import { useState } from "react";
import { z } from "zod";
import { ApiError, inWords } from "@/api/errors";
import { type ApiForm, errorOf, Form, useApiForm } from "@/components/form";
import { formatPaise } from "@/lib/money";
import { Fact, Facts } from "@/ui/card";
import { AlertDialog, Dialog } from "@/ui/dialog";
import { Notice } from "@/ui/states";
import { Moment } from "@/ui/time";
import { toast } from "@/ui/toast";
import { useConfirmBank } from "../actions";
import { ActButton } from "../components/act-button";
import { ReasonField, reasonSchema } from "../components/reason-field";
import { useDraft } from "../draft";
import { type MetBank, overviewQuery } from "../queries";
import { changeOf, type Shown } from "./change";

const schema = z.object({
  reason: reasonSchema("why the bank changed, and who decided it").trim(),
  /** Asked only while payouts are in progress with the previous bank. */
  is_understood: z.boolean().refine(Boolean, { error: "Tick this once you know who resolves them." }),
});
type Confirmed = z.infer<typeof schema>;

/** What must be changed, or seen anew, before a refused confirmation is sent again. */
const LOOK_AGAIN = ["bank_differs", "under_way_changed", "nothing_to_confirm"];

export const howMany = ({ count, is_capped }: MetBank["under_way"]) =>
  count === 1 ? "1 payout" : `${count.toLocaleString("en-IN")}${is_capped ? " or more" : ""} payouts`;

/** Both banks, what is in progress with the previous one, and what it means to confirm the change. */
export default function ConfirmBankDialog({ onClose, ...opened }: Shown & { onClose: () => void }) {
  const { data } = useQuery(overviewQuery);
  const confirm = useConfirmBank();
  const [shown, setShown] = useState<Shown>(opened);
  const { draft, change, discard } = useDraft(`confirm-bank-${shown.rail}-${shown.met.identity}`, { reason: "" });
  const count = shown.met.under_way.count;
  const form = useApiForm<Confirmed>({
    schema,
    defaultValues: { ...draft, is_understood: count === 0 },
    error: confirm.error,
    onChange: ({ reason }) => change({ reason }),
  });
  const [reason, setReason] = useState<string | null>(null);
  const { rail, earlier, met } = shown;
  const { amount_paise } = met.under_way;
  const current = data && changeOf(data.banks, shown);
  const isMet = data?.banks.some((bank) => bank.rail === rail && bank.met);
  const refused = confirm.error instanceof ApiError ? confirm.error : null;
  const mustLook = Boolean(refused && LOOK_AGAIN.includes(refused.code ?? ""));
  const lookAgain = (next: Shown) => {
    setShown(next);
    form.setValue("is_understood", next.met.under_way.count === 0);
    confirm.reset();
  };
  const carryOut = () => {
    if (confirm.isPending || reason === null) return;
    confirm.mutate(
      { rail, identity: met.identity, under_way: count, reason },
      {
        onSuccess: () => {
          toast("The new bank is confirmed", { tone: "good", description: "The workers continue within seconds." });
          discard();
          onClose();
        },
        onError: () => setReason(null),
      },
    );
  };

  if (reason !== null) {
    return (
      <AlertDialog
        isOpen
        onOpenChange={(isOpen) => !isOpen && !confirm.isPending && setReason(null)}
        title="Send payouts to the new bank from now on?"
        description={`The workers continue within seconds, with the bank ${met.identity}.`}
        confirm="Confirm the new bank"
        cancel="Back"
        isDanger
        isBusy={confirm.isPending}
        onConfirm={carryOut}
      >
        <Notice tone="warn">
          {count > 0 &&
            `${howMany(met.under_way)} of the previous bank will not be sent to the new one. An operator must resolve them. `}
          Your name and your reason stay in the audit log.
        </Notice>
      </AlertDialog>
    );
  }
  return (
    <Dialog
      isOpen
      onOpenChange={(isOpen) => !isOpen && onClose()}
      title="A different bank is answering"
      description="It is not the bank to which the payouts were sent. The workers that see it send nothing. Payouts are accepted, and wait."
    >
      <Facts>
        {data && data.banks.length > 1 && (
          <Fact name="Rail" isWide>
            {rail}
          </Fact>
        )}
        <Fact name="Previous bank" isWide>
          <code className="break-all font-mono text-[0.8125rem]">{earlier}</code>
        </Fact>
        <Fact name="Bank answering now" isWide>
          <code className="break-all font-mono text-[0.8125rem]">{met.identity}</code>
        </Fact>
        <Fact name="Seen by">
          <span className="break-all">{met.worker}</span>
          <span className="block text-faint">
            since <Moment at={met.since} />
          </span>
        </Fact>
        <Fact name="In progress with the previous bank">
          <strong>{howMany(met.under_way)}</strong>
          {count > 0 && <span className="block text-faint">{formatPaise(amount_paise)} in total</span>}
        </Fact>
      </Facts>
      <Notice tone="info" className="mt-4">
        <strong>If nobody changed the bank on purpose, do not confirm.</strong> Correct the address (PAYRAIL_BANK_URL)
        or restore the bank’s records. The workers then continue automatically.
      </Notice>
      {count > 0 && (
        <Notice tone="warn" icon={TriangleAlert} className="mt-3">
          The previous bank may have paid {count === 1 ? "this payout" : "these payouts"}, so the new bank never
          receives
          {count === 1 ? " it" : " them"}. What was sent stays{" "}
          <Link to="/doubtful" onClick={onClose} className="font-semibold underline">
            in doubt
          </Link>{" "}
          until an operator resolves it from the previous bank’s statement.
        </Notice>
      )}
      <div className="mt-5">
        <Form
          form={mustLook ? { ...form, failure: null } : form}
          onSubmit={(values) => {
            confirm.reset();
            setReason(values.reason);
          }}
          submit={
            <ActButton type="submit" variant="primary" objection={data && !isMet ? NO_LONGER : null}>
              Continue
            </ActButton>
          }
          onCancel={onClose}
          cancel="Close"
        >
          <ReasonField
            form={form}
            name="reason"
            question="Why did the bank change?"
            example="We moved to a new bank, contract of 22 November"
          />
          {count > 0 && <UnderstoodField form={form} underWay={met.under_way} />}
          {(mustLook || current) && (
            <Notice tone="warn" role="alert">
              {refused ? inWords(refused) : "This has changed since you opened it."} Nothing was confirmed.{" "}
              {current ? (
                <button type="button" className="rounded font-semibold underline" onClick={() => lookAgain(current)}>
                  Show the current state
                </button>
              ) : (
                "Close this and look again."
              )}
            </Notice>
          )}
        </Form>
      </div>
    </Dialog>
  );
}

function UnderstoodField({ form, underWay }: { form: ApiForm<Confirmed>; underWay: MetBank["under_way"] }) {
  const error = errorOf(form, "is_understood");
  return (
    <label className="flex gap-3">
      <input
        type="checkbox"
        aria-invalid={error ? true : undefined}
        className="mt-0.5 size-4 shrink-0 accent-accent"
        {...form.register("is_understood")}
      />
      <span>
        Our operators will resolve {underWay.count === 1 ? "this payout" : `these ${howMany(underWay)}`} with the
        previous bank.
        {error && (
          <span role="alert" className="block text-[0.8125rem] text-bad">
            {error}
          </span>
        )}
      </span>
    </label>
  );
}

const NO_LONGER = "No worker sees a different bank any more: there is nothing to confirm.";
