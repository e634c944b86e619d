import { type FormEvent, useState } from "react";
import { ApiError, inWords } from "@/api/errors";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, TextInput } from "@/ui/field";
import { Select } from "@/ui/select";
import { Notice } from "@/ui/states";
import { useInvite } from "../actions";
import type { OperatorLine, OperatorWithPassword } from "../queries";

interface InviteProps {
  onClose: () => void;
  onInvited: (issued: OperatorWithPassword) => void;
}

export function InviteDialog({ onClose, onInvited }: InviteProps) {
  const invite = useInvite();
  const [name, setName] = useState("");
  const [role, setRole] = useState<OperatorLine["role"]>("viewer");
  const refusal = invite.error instanceof ApiError ? invite.error : null;
  const errors = refusal?.code === "name_taken" ? [refusal.message] : (refusal?.field("name") ?? []);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (invite.isPending) return;
    const onSuccess = (issued: OperatorWithPassword) => {
      onClose();
      onInvited(issued);
    };
    invite.mutate({ name: name.trim(), role }, { onSuccess });
  };
  return (
    <Dialog
      isOpen
      isHeld={invite.isPending}
      onOpenChange={(isOpen) => !isOpen && onClose()}
      title="Invite an operator"
      description="You get a one-time password to hand over."
    >
      <form onSubmit={submit} noValidate className="grid gap-4">
        <Field label="Name" hint="Used to sign in: letters, digits and . _ @ -" error={errors}>
          {(wiring) => (
            <TextInput
              {...wiring}
              autoComplete="off"
              autoCapitalize="none"
              spellCheck={false}
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <Field
          label="Role"
          hint={
            role === "viewer"
              ? "Looks at everything and changes nothing."
              : "May do everything: fund, issue keys, resolve payouts, manage operators."
          }
        >
          {(wiring) => (
            <Select
              {...wiring}
              value={role}
              onChange={(event) => setRole(event.target.value === "operator" ? "operator" : "viewer")}
            >
              <option value="viewer">Viewer</option>
              <option value="operator">Operator</option>
            </Select>
          )}
        </Field>
        {invite.error && errors.length === 0 && (
          <Notice tone="bad" role="alert">
            {inWords(invite.error)}
          </Notice>
        )}
        <div className="mt-1 flex justify-end gap-2">
          <Button onClick={onClose} disabled={invite.isPending}>
            Cancel
          </Button>
          <Button type="submit" variant="primary" isBusy={invite.isPending}>
            Invite
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
