import { useNavigate } from "@tanstack/react-router";
import { z } from "zod";
import { Form, TextField, useApiForm } from "@/components/form";
import { Dialog } from "@/ui/dialog";
import { useCreateMerchant } from "../actions";
import { KeyOnce } from "./secret-once";

const schema = z.object({ name: z.string().trim(), email: z.string().trim() });

export function NewMerchantDialog({ onClose }: { onClose: () => void }) {
  const create = useCreateMerchant();
  const navigate = useNavigate();
  const form = useApiForm({
    schema,
    defaultValues: { name: "", email: "" },
    error: create.error,
    codes: { email_taken: "email" },
  });

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
  return (
    <Dialog
      isOpen
      onOpenChange={(isOpen) => !isOpen && onClose()}
      isHeld={create.isPending}
      title="New merchant"
      description="The merchant starts with an empty ledger and one API key, which is shown once."
    >
      <Form
        form={form}
        onSubmit={(values) => create.mutate(values)}
        submit="Create"
        onCancel={onClose}
        isBusy={create.isPending}
      >
        <TextField form={form} name="name" label="Name" />
        <TextField form={form} name="email" label="Email" hint="Each merchant needs a different one." type="email" />
      </Form>
    </Dialog>
  );
}
