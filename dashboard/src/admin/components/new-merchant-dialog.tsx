import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { ApiError, inWords } from "@/api/errors";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, TextInput } from "@/ui/field";
import { Notice } from "@/ui/states";
import { useCreateMerchant } from "../actions";
import { KeyOnce } from "./secret-once";

export function NewMerchantDialog({ onClose }: { onClose: () => void }) {
  const create = useCreateMerchant();
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");

  if (create.data) {
    const { merchant, api_key } = create.data;
    return (
      <KeyOnce
        apiKey={api_key}
        title={`${merchant.name} created`}
        onSeen={() => void navigate({ to: "/merchants/$merchant", params: { merchant: merchant.id } })}
      />
    );
  }

  const refusal = create.error instanceof ApiError ? create.error : null;
  const isTaken = refusal?.code === "email_taken";
  const errors = {
    name: refusal?.field("name") ?? [],
    email: isTaken ? [refusal.message] : (refusal?.field("email") ?? []),
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!create.isPending) create.mutate({ name: name.trim(), email: email.trim() });
  };
  return (
    <Dialog
      isOpen
      onOpenChange={(isOpen) => !isOpen && onClose()}
      isHeld={create.isPending}
      title="New merchant"
      description="The merchant starts with an empty ledger and one API key, which is shown once."
    >
      <form onSubmit={submit} noValidate className="grid gap-4">
        <Field label="Name" error={errors.name}>
          {(wiring) => (
            <TextInput {...wiring} autoComplete="off" value={name} onChange={(event) => setName(event.target.value)} />
          )}
        </Field>
        <Field label="E-mail" hint="No two merchants have the same." error={errors.email}>
          {(wiring) => (
            <TextInput
              {...wiring}
              type="email"
              autoComplete="off"
              value={email}
              onChange={(event) => setEmail(event.target.value)}
            />
          )}
        </Field>
        {create.error && errors.name.length + errors.email.length === 0 && (
          <Notice tone="bad" role="alert">
            {inWords(create.error)}
          </Notice>
        )}
        <div className="mt-1 flex justify-end gap-2">
          <Button onClick={onClose} disabled={create.isPending}>
            Cancel
          </Button>
          <Button type="submit" variant="primary" isBusy={create.isPending}>
            Create
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
