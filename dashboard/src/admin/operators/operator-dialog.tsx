import { inWords } from "@/api/errors";
import { AlertDialog } from "@/ui/dialog";
import { Notice } from "@/ui/states";
import { toast } from "@/ui/toast";
import { useDisableOperator, useEnableOperator, useResetPassword } from "../actions";
import type { OperatorLine, OperatorWithPassword } from "../queries";

export interface OperatorStep {
  what: "disable" | "enable" | "reset";
  operator: OperatorLine;
}

interface Props {
  step: OperatorStep;
  onClose: () => void;
  onReset: (issued: OperatorWithPassword) => void;
}

/** Asks before an operator is disabled, enabled, or given a one-time password. */
export function OperatorDialog({ step: { what, operator }, onClose, onReset }: Props) {
  const disable = useDisableOperator();
  const enable = useEnableOperator();
  const reset = useResetPassword();
  const { id, name } = operator;
  const done = (title: string) => () => {
    toast(title, { tone: "good" });
    onClose();
  };
  const questions = {
    disable: {
      title: `Disable ${name}?`,
      description: "Their sessions end immediately, and they cannot sign in until they are enabled again.",
      confirm: "Disable",
      mutation: disable,
      run: () => disable.mutate(id, { onSuccess: done(`${name} disabled`) }),
    },
    enable: {
      title: `Enable ${name}?`,
      description: "They can sign in again, with their previous password.",
      confirm: "Enable",
      mutation: enable,
      run: () => enable.mutate(id, { onSuccess: done(`${name} enabled`) }),
    },
    reset: {
      title: `Reset the password of ${name}?`,
      description: operator.disabled_at
        ? "You get a one-time password to hand over. They stay disabled until you enable them."
        : "Their sessions end immediately. You get a one-time password to hand over.",
      confirm: "Reset password",
      mutation: reset,
      run: () =>
        reset.mutate(id, {
          onSuccess: (issued) => {
            onClose();
            onReset(issued);
          },
        }),
    },
  };
  const { title, description, confirm, mutation, run } = questions[what];
  return (
    <AlertDialog
      isOpen
      onOpenChange={(isOpen) => !isOpen && !mutation.isPending && onClose()}
      title={title}
      description={description}
      confirm={confirm}
      cancel="Cancel"
      isDanger={what !== "enable"}
      isBusy={mutation.isPending}
      onConfirm={run}
    >
      {mutation.error && (
        <Notice tone="bad" role="alert">
          {inWords(mutation.error)}
        </Notice>
      )}
    </AlertDialog>
  );
}
