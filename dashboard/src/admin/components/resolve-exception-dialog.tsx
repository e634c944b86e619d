import { type FormEvent, useState } from "react";
import { ApiError, inWords } from "@/api/errors";
import { Button } from "@/ui/button";
import { AlertDialog, Dialog } from "@/ui/dialog";
import { Notice } from "@/ui/states";
import { toast } from "@/ui/toast";
import { useResolveException } from "../actions";
import { useDraft } from "../draft";
import { nameOfKind } from "../exception-kinds";
import type { AdminException } from "../queries";
import { inRupees } from "./action-columns";
import { ReasonField, reasonFaults } from "./reason-field";

const NO_MONEY = "Resolving moves no money: no balance and no payout changes.";

/** An operator writes down what was found out, and confirms it. */
export function ResolveExceptionDialog({ exception, ...props }: { exception: AdminException; onClose: () => void }) {
  const resolve = useResolveException(exception.id);
  const { draft, change, discard, isRestored } = useDraft(`resolve-${exception.id}`, { reason: "" });
  const [isTried, setTried] = useState(false);
  const [isAsked, setAsked] = useState(false);
  const missing = reasonFaults(draft.reason);
  const refused = resolve.error instanceof ApiError ? resolve.error.field("reason") : [];
  const onClose = () => {
    discard();
    props.onClose();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    resolve.reset();
    if (missing.length === 0) setAsked(true);
  };
  const carryOut = () => {
    if (resolve.isPending) return;
    resolve.mutate(draft.reason.trim(), {
      onSuccess: () => {
        toast("Exception resolved", { tone: "good", description: "No money was moved." });
        onClose();
      },
      onError: () => setAsked(false),
    });
  };

  if (isAsked) {
    return (
      <AlertDialog
        isOpen
        onOpenChange={(isOpen) => !isOpen && !resolve.isPending && setAsked(false)}
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
      <form onSubmit={submit} noValidate className="grid gap-5">
        <p className="break-words text-soft">{inRupees(exception.detail)}</p>
        <ReasonField
          question="What did you find out?"
          value={draft.reason}
          errors={[...(isTried ? missing : []), ...refused]}
          onChange={(reason) => change({ reason })}
        />
        {resolve.error && refused.length === 0 && (
          <Notice tone="bad" role="alert">
            {inWords(resolve.error)}
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
