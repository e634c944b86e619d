import { ClockAlert } from "lucide-react";
import { z } from "zod";
import { Form, TextAreaField, useApiForm } from "@/components/form";
import { Notice } from "@/ui/states";
import { Moment } from "@/ui/time";
import { toast } from "@/ui/toast";
import { useBringForward } from "../actions";
import { isFarAhead } from "../far-ahead";
import type { AdminPayout } from "../queries";
import { ActButton } from "./act-button";
import { reasonSchema } from "./reason-field";

const schema = z.object({ reason: reasonSchema("why it must not wait until then").trim() });

/** A payout that a wrong clock made due far in the future, and the way to have it taken up now. */
export function FarAheadNotice({ payout }: { payout: AdminPayout }) {
  const bring = useBringForward(payout.merchant.id, payout.id);
  const form = useApiForm({ schema, defaultValues: { reason: "" }, error: bring.error });
  const dueAt = payout.next_step_at;
  if (!dueAt || !isFarAhead(dueAt, Date.now())) return null;
  const send = ({ reason }: { reason: string }) =>
    bring.mutate(reason, {
      onSuccess: () => toast("The payout is due now", { description: "A worker will take it." }),
    });
  return (
    <Notice tone="warn" icon={ClockAlert}>
      <p>
        <strong>Due far in the future:</strong> <Moment at={dueAt} />. A clock was wrong when this time was set. Nothing
        happens to the payout until then, unless you bring it forward.
      </p>
      <div className="mt-3">
        <Form
          form={form}
          onSubmit={send}
          submit={
            <ActButton type="submit" isBusy={bring.isPending}>
              Bring forward
            </ActButton>
          }
          isBusy={bring.isPending}
        >
          <TextAreaField form={form} name="reason" label="Reason" hint="It is kept in the audit log." />
        </Form>
      </div>
    </Notice>
  );
}
