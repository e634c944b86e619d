import { SignInFrame } from "@/components/sign-in-frame";
import { toast } from "@/ui/toast";
import { useTitle } from "@/ui/use-title";
import { useSignOut } from "../actions";
import type { Operator } from "../queries";
import { PasswordForm } from "./password-form";

/** Whoever signed in with a one-time password comes no further without a password of their own. */
export function ChoosePassword({ operator }: { operator: Operator }) {
  useTitle("Choose a password");
  const signOut = useSignOut();
  return (
    <SignInFrame
      title="Choose a password"
      suffix="Admin"
      hint={`Welcome, ${operator.name}. You signed in with a one-time password; replace it to continue.`}
    >
      <PasswordForm
        currentName="One-time password"
        onChanged={() => toast("Password changed", { tone: "good" })}
        onCancel={() => signOut.mutate()}
      />
    </SignInFrame>
  );
}
