import { z } from "zod";
import { Form, TextField, useApiForm } from "@/components/form";
import { useChangePassword } from "../actions";

interface Props {
  /** What the current password is called: after an invitation it is the one-time password. */
  currentName: string;
  onChanged: () => void;
  onCancel?: () => void;
}

const schema = z
  .object({ current_password: z.string(), new_password: z.string(), again: z.string() })
  .refine(({ new_password, again }) => new_password === again, {
    path: ["again"],
    error: "The two new passwords differ.",
  });

/** An operator chooses a password of their own. */
export function PasswordForm({ currentName, onChanged, onCancel }: Props) {
  const change = useChangePassword();
  const form = useApiForm({
    schema,
    defaultValues: { current_password: "", new_password: "", again: "" },
    error: change.error,
  });
  return (
    <Form
      form={form}
      onSubmit={({ current_password, new_password }) =>
        change.mutate({ current_password, new_password }, { onSuccess: onChanged })
      }
      submit="Change password"
      onCancel={onCancel}
      isBusy={change.isPending}
    >
      <TextField
        form={form}
        name="current_password"
        label={currentName}
        type="password"
        autoComplete="current-password"
      />
      <TextField
        form={form}
        name="new_password"
        label="New password"
        hint="At least 12 characters."
        type="password"
        autoComplete="new-password"
      />
      <TextField form={form} name="again" label="New password again" type="password" autoComplete="new-password" />
    </Form>
  );
}
