import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { TriangleAlert } from "lucide-react";
import { type FormEvent, useState } from "react";
import { ApiError, inWords } from "@/api/errors";
import { formatPaise } from "@/lib/money";
import { Button } from "@/ui/button";
import { Fact, Facts } from "@/ui/card";
import { AlertDialog, Dialog } from "@/ui/dialog";
import { Notice } from "@/ui/states";
import { Moment } from "@/ui/time";
import { toast } from "@/ui/toast";
import { useConfirmBank } from "../actions";
import { ActButton } from "../components/act-button";
import { ReasonField, reasonFaults } from "../components/reason-field";
import { useDraft } from "../draft";
import { type MetBank, overviewQuery } from "../queries";
import { changeOf, type Shown } from "./change";

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
  const [isTried, setTried] = useState(false);
  const [isAsked, setAsked] = useState(false);
  const [isSettled, setSettled] = useState(false);
  const { earlier, met } = shown;
  const { count, amount_paise } = met.under_way;
  const current = data && changeOf(data.bank, shown);
  const refused = confirm.error instanceof ApiError ? confirm.error : null;
  const mustLook = Boolean(refused && LOOK_AGAIN.includes(refused.code ?? ""));
  const missing = { reason: reasonFaults(draft.reason), settled: count > 0 && !isSettled };

  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    confirm.reset();
    if (missing.reason.length === 0 && !missing.settled) setAsked(true);
  };
  const lookAgain = (next: Shown) => {
    setShown(next);
    setSettled(false);
    confirm.reset();
  };
  const carryOut = () => {
    if (confirm.isPending) return;
    const body = { identity: met.identity, under_way: count, reason: draft.reason.trim() };
    confirm.mutate(body, {
      onSuccess: () => {
        toast("The new bank is confirmed", { tone: "good", description: "The workers go on within seconds." });
        discard();
        onClose();
      },
      onError: () => setAsked(false),
    });
  };

  if (isAsked) {
    return (
      <AlertDialog
        isOpen
        onOpenChange={(isOpen) => !isOpen && !confirm.isPending && setAsked(false)}
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
        <Fact name="Bank until now">
          <code className="break-all font-mono text-[0.8125rem]">{earlier}</code>
        </Fact>
        <Fact name="Bank that answers">
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
      <form onSubmit={submit} noValidate className="mt-5 grid gap-5">
        <ReasonField
          question="Why is the bank another one?"
          value={draft.reason}
          errors={[...(isTried ? missing.reason : []), ...(refused?.field("reason") ?? [])]}
          onChange={(reason) => change({ reason })}
        />
        {count > 0 && (
          <label className="flex gap-3">
            <input
              type="checkbox"
              checked={isSettled}
              onChange={(event) => setSettled(event.target.checked)}
              aria-invalid={(isTried && missing.settled) || undefined}
              className="mt-0.5 size-4 shrink-0 accent-accent"
            />
            <span>
              The earlier bank paid none of {count === 1 ? "it" : `these ${howMany(met.under_way)}`}, and never will.
              {isTried && missing.settled && (
                <span role="alert" className="block text-[0.8125rem] text-bad">
                  Ask the earlier bank first. A wrong answer pays twice.
                </span>
              )}
            </span>
          </label>
        )}
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
        {confirm.error && !mustLook && (refused?.field("reason").length ?? 0) === 0 && (
          <Notice tone="bad" role="alert">
            {inWords(confirm.error)}
          </Notice>
        )}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Close</Button>
          <ActButton type="submit" variant="primary" objection={data && !data.bank.met ? NO_LONGER : null}>
            Continue
          </ActButton>
        </div>
      </form>
    </Dialog>
  );
}

const NO_LONGER = "No worker meets another bank any more: there is nothing to confirm.";
