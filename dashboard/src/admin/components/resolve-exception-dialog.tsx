import { useState } from "react";
import { z } from "zod";
import { Form, useApiForm } from "@/components/form";
import { AlertDialog, Dialog } from "@/ui/dialog";
import { Notice } from "@/ui/states";
import { toast } from "@/ui/toast";
import { useResolveException } from "../actions";
import { useDraft } from "../draft";
import { nameOfKind } from "../exception-kinds";
import type { AdminException } from "../queries";
import { readable } from "./action-columns";
import { ReasonField, reasonSchema } from "./reason-field";

const schema = z.object({ reason: reasonSchema("what you found out, and who confirmed it").trim() });

const NO_MONEY = "Resolving moves no money: no balance and no payout changes.";

/** An operator writes down what was found out, and confirms it. */
export function ResolveExceptionDialog({ exception, ...props }: { exception: AdminException; onClose: () => void }) {
  const resolve = useResolveException(exception.id);
  const { draft, change, discard, isRestored } = useDraft(`resolve-${exception.id}`, { reason: "" });
  const form = useApiForm({ schema, defaultValues: draft, error: resolve.error, onChange: change });
  const [reason, setReason] = useState<string | null>(null);
  const onClose = () => {
    discard();
    props.onClose();
  };
  const carryOut = () => {
    if (resolve.isPending || reason === null) return;
    resolve.mutate(reason, {
      onSuccess: () => {
        toast("Exception resolved", { tone: "good", description: "No money was moved." });
        onClose();
      },
      onError: () => setReason(null),
    });
  };

  if (reason !== null) {
    return (
      <AlertDialog
        isOpen
        onOpenChange={(isOpen) => !isOpen && !resolve.isPending && setReason(null)}
        title="Resolve this exception?"
        description={NO_MONEY}
        confirm="Resolve"
        cancel="Back"
        isBusy={resolve.isPending}
        onConfirm={carryOut}
      >
        <Notice tone="info">
          If the merchant is to get money back, fund the account once the bank has confirmed what it sent. A resolved
          exception cannot be opened again. Your name and your reason stay in the audit log.
        </Notice>
      </AlertDialog>
    );
  }
  return (
    <Dialog
      isOpen
      onOpenChange={(isOpen) => !isOpen && onClose()}
      title="Resolve exception"
      description={`${nameOfKind(exception.kind)}. ${NO_MONEY}`}
    >
      {isRestored && (
        <Notice tone="info" className="mb-4">
          This is what you typed before. Nothing was sent.
        </Notice>
      )}
      <Form form={form} onSubmit={(values) => setReason(values.reason)} submit="Continue" onCancel={onClose}>
        <p className="break-words text-soft">{readable(exception.detail)}</p>
        <ReasonField
          form={form}
          name="reason"
          question="What did you find out?"
          example="The bank corrected its list on 22 November: …"
        />
      </Form>
    </Dialog>
  );
}
