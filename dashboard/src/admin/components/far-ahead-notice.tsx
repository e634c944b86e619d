import { ClockAlert } from "lucide-react";
import { type FormEvent, useState } from "react";
import { inWords } from "@/api/errors";
import { Field, TextArea } from "@/ui/field";
import { Notice } from "@/ui/states";
import { Moment } from "@/ui/time";
import { toast } from "@/ui/toast";
import { useBringForward } from "../actions";
import { isFarAhead } from "../far-ahead";
import type { AdminPayout } from "../queries";
import { ActButton } from "./act-button";

const REASON_MIN = 10;

/** A payout that a wrong clock made due far in the future, and the way to have it taken up now. */
export function FarAheadNotice({ payout }: { payout: AdminPayout }) {
  const bring = useBringForward(payout.merchant.id, payout.id);
  const [reason, setReason] = useState("");
  const [isTried, setTried] = useState(false);
  const dueAt = payout.next_step_at;
  if (!dueAt || !isFarAhead(dueAt, Date.now())) return null;
  const isShort = [...reason.trim()].length < REASON_MIN;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (isShort) return;
    bring.mutate(reason.trim(), {
      onSuccess: () => toast("The payout is due now", { description: "A worker takes it up." }),
      onError: (error) => toast("The payout was not brought forward", { tone: "bad", description: inWords(error) }),
    });
  };
  return (
    <Notice tone="warn" icon={ClockAlert}>
      <p>
        <strong>Due far in the future:</strong> <Moment at={dueAt} />. A clock was wrong when this time was set. Nothing
        happens to the payout until then, unless you bring it forward.
      </p>
      <form className="mt-3 grid gap-3" onSubmit={submit} noValidate>
        <Field
          label="Reason"
          hint="It is kept in the audit log."
          error={isTried && isShort ? `Write at least ${REASON_MIN} characters.` : null}
        >
          {(field) => <TextArea {...field} value={reason} onChange={(event) => setReason(event.target.value)} />}
        </Field>
        <span>
          <ActButton type="submit" isBusy={bring.isPending}>
            Bring forward
          </ActButton>
        </span>
      </form>
    </Notice>
  );
}
