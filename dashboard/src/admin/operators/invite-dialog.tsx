import { z } from "zod";
import { Form, TextField, useApiForm } from "@/components/form";
import { Dialog } from "@/ui/dialog";
import { Field } from "@/ui/field";
import { Select } from "@/ui/select";
import { useInvite } from "../actions";
import type { OperatorWithPassword } from "../queries";

interface InviteProps {
  onClose: () => void;
  onInvited: (issued: OperatorWithPassword) => void;
}

const schema = z.object({ name: z.string().trim(), role: z.enum(["viewer", "operator"]) });
type Invitation = z.infer<typeof schema>;

const roles: Record<Invitation["role"], string> = {
  viewer: "Looks at everything and changes nothing.",
  operator: "May do everything: fund, issue keys, resolve payouts, manage operators.",
};

export function InviteDialog({ onClose, onInvited }: InviteProps) {
  const invite = useInvite();
  const form = useApiForm<Invitation>({
    schema,
    defaultValues: { name: "", role: "viewer" },
    error: invite.error,
    codes: { name_taken: "name" },
  });
  const send = (values: Invitation) =>
    invite.mutate(values, {
      onSuccess: (issued) => {
        onClose();
        onInvited(issued);
      },
    });
  return (
    <Dialog
      isOpen
      isHeld={invite.isPending}
      onOpenChange={(isOpen) => !isOpen && onClose()}
      title="Invite an operator"
      description="You get a one-time password to hand over."
    >
      <Form form={form} onSubmit={send} submit="Invite" onCancel={onClose} isBusy={invite.isPending}>
        <TextField
          form={form}
          name="name"
          label="Name"
          hint="Used to sign in: letters, digits and . _ @ -"
          autoCapitalize="none"
          spellCheck={false}
        />
        <Field label="Role" hint={roles[form.watch("role")]}>
          {(wiring) => (
            <Select {...wiring} {...form.register("role")}>
              <option value="viewer">Viewer</option>
              <option value="operator">Operator</option>
            </Select>
          )}
        </Field>
      </Form>
    </Dialog>
  );
}
