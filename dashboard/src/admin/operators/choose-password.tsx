import { Logo } from "@/ui/logo";
import { ThemeSwitch } from "@/ui/theme-switch";
import { toast } from "@/ui/toast";
import { useTitle } from "@/ui/use-title";
import { useSignOut } from "../actions";
import type { Operator } from "../api";
import { HOUSE } from "../house";
import { PasswordForm } from "./password-form";

/** Whoever signed in with a one-time password comes no further without a password of their own. */
export function ChoosePassword({ operator }: { operator: Operator }) {
  useTitle("Choose a password", HOUSE);
  const signOut = useSignOut();
  return (
    <div className="flex min-h-dvh flex-col">
      <div className="h-1.5 bg-accent" aria-hidden />
      <header className="flex items-center justify-between px-5 py-4">
        <Logo suffix="Admin" />
        <ThemeSwitch />
      </header>
      <main id="main" className="mx-auto flex w-full max-w-sm flex-1 flex-col justify-center px-5 pb-24">
        <h1 className="font-semibold text-2xl">Choose a password</h1>
        <p className="mt-1.5 mb-6 text-soft">
          Welcome, {operator.name}. You signed in with a one-time password; replace it to continue.
        </p>
        <PasswordForm
          currentName="One-time password"
          onChanged={() => toast("Password changed", { tone: "good" })}
          onCancel={() => signOut.mutate()}
        />
      </main>
    </div>
  );
}
