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
  reason: reasonSchema.trim(),
  /** Asked only while payouts are under way with the earlier bank. */
  is_settled: z.boolean().refine(Boolean, { error: "Ask the earlier bank first. A wrong answer pays twice." }),
});
type Confirmed = z.infer<typeof schema>;

/** What must be changed, or seen anew, before a refused confirmation is sent again. */
const LOOK_AGAIN = ["bank_differs", "under_way_changed", "nothing_to_confirm"];

export const howMany = ({ count, is_capped }: MetBank["under_way"]) =>
  count === 1 ? "1 payout" : `${count.toLocaleString("en-IN")}${is_capped ? " or more" : ""} payouts`;

/** Both banks, what is under way with the earlier one, and what it means to confirm the change. */
export default function ConfirmBankDialog({ onClose, ...opened }: Shown & { onClose: () => void }) {
  const { data } = useQuery(overviewQuery);
  const confirm = useConfirmBank();
  const [shown, setShown] = useState<Shown>(opened);
  const { draft, change, discard } = useDraft(`confirm-bank-${shown.met.identity}`, { reason: "" });
  const count = shown.met.under_way.count;
  const form = useApiForm<Confirmed>({
    schema,
    defaultValues: { ...draft, is_settled: count === 0 },
    error: confirm.error,
    onChange: ({ reason }) => change({ reason }),
  });
  const [reason, setReason] = useState<string | null>(null);
  const { earlier, met } = shown;
  const { amount_paise } = met.under_way;
  const current = data && changeOf(data.bank, shown);
  const refused = confirm.error instanceof ApiError ? confirm.error : null;
  const mustLook = Boolean(refused && LOOK_AGAIN.includes(refused.code ?? ""));
  const lookAgain = (next: Shown) => {
    setShown(next);
    form.setValue("is_settled", next.met.under_way.count === 0);
    confirm.reset();
  };
  const carryOut = () => {
    if (confirm.isPending || reason === null) return;
    confirm.mutate(
      { identity: met.identity, under_way: count, reason },
      {
        onSuccess: () => {
          toast("The new bank is confirmed", { tone: "good", description: "The workers go on within seconds." });
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
        description={`The workers go on within seconds, with the bank ${met.identity}.`}
        confirm="Confirm the new bank"
        cancel="Back"
        isDanger
        isBusy={confirm.isPending}
        onConfirm={carryOut}
      >
        <Notice tone="warn">
          {count > 0 &&
            `${howMany(met.under_way)} will be sent to the new bank as well. What the earlier bank has paid of them is paid twice. `}
          Your name and your reason stay in the audit log.
        </Notice>
      </AlertDialog>
    );
  }
  return (
    <Dialog
      isOpen
      onOpenChange={(isOpen) => !isOpen && onClose()}
      title="Another bank answers"
      description="Its identity is not that of the bank to which the payouts were sent. The workers that meet it send nothing. Payouts are accepted, and wait."
    >
      <Facts>
        <Fact name="Bank until now" isWide>
          <code className="break-all font-mono text-[0.8125rem]">{earlier}</code>
        </Fact>
        <Fact name="Bank that answers" isWide>
          <code className="break-all font-mono text-[0.8125rem]">{met.identity}</code>
        </Fact>
        <Fact name="Met by">
          <span className="break-all">{met.worker}</span>
          <span className="block text-faint">
            since <Moment at={met.since} />
          </span>
        </Fact>
        <Fact name="Under way with the earlier bank">
          <strong>{howMany(met.under_way)}</strong>
          {count > 0 && <span className="block text-faint">{formatPaise(amount_paise)} together</span>}
        </Fact>
      </Facts>
      <Notice tone="info" className="mt-4">
        <strong>If nobody changed the bank on purpose, do not confirm.</strong> Correct the address (PAYRAIL_BANK_URL)
        or restore the bank’s records. The workers then go on by themselves.
      </Notice>
      {count > 0 && (
        <Notice tone="warn" icon={TriangleAlert} className="mt-3">
          The earlier bank may have paid {count === 1 ? "this payout" : "these payouts"}. The new bank does not know
          {count === 1 ? " it" : " them"}: it will say that it received nothing, and {count === 1 ? "it" : "they"} will
          be sent again. First resolve each payout{" "}
          <Link to="/doubtful" onClick={onClose} className="font-semibold underline">
            in doubt
          </Link>{" "}
          from the earlier bank’s statement.
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
            <ActButton type="submit" variant="primary" objection={data && !data.bank.met ? NO_LONGER : null}>
              Continue
            </ActButton>
          }
          onCancel={onClose}
          cancel="Close"
        >
          <ReasonField form={form} name="reason" question="Why is the bank another one?" />
          {count > 0 && <SettledField form={form} underWay={met.under_way} />}
          {(mustLook || current) && (
            <Notice tone="warn" role="alert">
              {refused ? inWords(refused) : "This has changed since you opened it."} Nothing was confirmed.{" "}
              {current ? (
                <button type="button" className="rounded font-semibold underline" onClick={() => lookAgain(current)}>
                  Show the present state
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

function SettledField({ form, underWay }: { form: ApiForm<Confirmed>; underWay: MetBank["under_way"] }) {
  const error = errorOf(form, "is_settled");
  return (
    <label className="flex gap-3">
      <input
        type="checkbox"
        aria-invalid={error ? true : undefined}
        className="mt-0.5 size-4 shrink-0 accent-accent"
        {...form.register("is_settled")}
      />
      <span>
        The earlier bank paid none of {underWay.count === 1 ? "it" : `these ${howMany(underWay)}`}, and never will.
        {error && (
          <span role="alert" className="block text-[0.8125rem] text-bad">
            {error}
          </span>
        )}
      </span>
    </label>
  );
}

const NO_LONGER = "No worker meets another bank any more: there is nothing to confirm.";
