import { type FormEvent, useState } from "react";
import { ApiError, inWords } from "@/api/errors";
import { Button } from "@/ui/button";
import { Field, TextInput } from "@/ui/field";
import { Notice } from "@/ui/states";
import { useChangePassword } from "../actions";

interface Props {
  /** What the present password is called: after an invitation it is the one-time password. */
  currentName: string;
  onChanged: () => void;
  onCancel?: () => void;
}

/** An operator chooses a password of their own. */
export function PasswordForm({ currentName, onChanged, onCancel }: Props) {
  const change = useChangePassword();
  const [current, setCurrent] = useState("");
  const [fresh, setFresh] = useState("");
  const [again, setAgain] = useState("");
  const [isTried, setTried] = useState(false);
  const refusal = change.error instanceof ApiError ? change.error : null;
  const errors = {
    current: refusal?.field("current_password") ?? [],
    fresh: refusal?.field("new_password") ?? [],
    again: isTried && fresh !== again ? ["The two new passwords differ."] : [],
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (fresh !== again || change.isPending) return;
    change.mutate({ current_password: current, new_password: fresh }, { onSuccess: onChanged });
  };
  return (
    <form onSubmit={submit} noValidate className="grid gap-4">
      <Secret
        label={currentName}
        autoComplete="current-password"
        value={current}
        onChange={setCurrent}
        errors={errors.current}
      />
      <Secret
        label="New password"
        hint="At least 12 characters."
        autoComplete="new-password"
        value={fresh}
        onChange={setFresh}
        errors={errors.fresh}
      />
      <Secret
        label="New password again"
        autoComplete="new-password"
        value={again}
        onChange={setAgain}
        errors={errors.again}
      />
      {refusal && errors.current.length + errors.fresh.length === 0 && (
        <Notice tone="bad" role="alert">
          {inWords(refusal)}
        </Notice>
      )}
      {change.error && !refusal && (
        <Notice tone="bad" role="alert">
          {inWords(change.error)}
        </Notice>
      )}
      <div className="mt-1 flex justify-end gap-2">
        {onCancel && (
          <Button onClick={onCancel} disabled={change.isPending}>
            Cancel
          </Button>
        )}
        <Button type="submit" variant="primary" isBusy={change.isPending}>
          Change password
        </Button>
      </div>
    </form>
  );
}

function Secret({ label, hint, errors, value, onChange, autoComplete }: SecretProps) {
  return (
    <Field label={label} hint={hint} error={errors}>
      {(wiring) => (
        <TextInput
          {...wiring}
          type="password"
          autoComplete={autoComplete}
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}

interface SecretProps {
  label: string;
  hint?: string;
  errors: string[];
  value: string;
  onChange: (value: string) => void;
  autoComplete: "current-password" | "new-password";
}
