import { useMutation } from "@tanstack/react-query";
import { ArrowRight, Clock, KeyRound } from "lucide-react";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { ApiError, inWords } from "@/api/errors";
import type { Session } from "@/api/types";
import { SignInFrame } from "@/components/sign-in-frame";
import { Button } from "@/ui/button";
import { Field, TextInput } from "@/ui/field";
import { Notice } from "@/ui/states";
import { useTitle } from "@/ui/use-title";
import { signIn } from "../actions";
import { useEndedSession, useSignedIn } from "../session";

/** The key is exchanged for a session at once and kept nowhere on the page. */
export function SignIn({ demoMerchants }: { demoMerchants: Session["demo_merchants"] }) {
  useTitle("Sign in");
  const ended = useEndedSession();
  const takeSession = useSignedIn();
  const field = useRef<HTMLInputElement>(null);
  const [missing, setMissing] = useState(false);
  const entering = useMutation({ mutationFn: signIn, onSuccess: takeSession });

  useEffect(() => field.current?.focus(), []);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const key = field.current?.value.trim() ?? "";
    setMissing(key === "");
    if (key === "") field.current?.focus();
    else entering.mutate(key, { onError: () => field.current?.select() });
  };

  const error = missing ? "Enter your API key." : entering.error && wordsOf(entering.error);
  return (
    <SignInFrame title="Sign in to PayRail" hint="Balances, payouts and the ledger." isDemo={demoMerchants.length > 0}>
      {ended && (
        <Notice tone="warn" icon={Clock} role="alert">
          The session of {ended.name} has ended. Sign in again to continue where you were.
        </Notice>
      )}
      <form
        onSubmit={submit}
        noValidate
        className="grid gap-4 rounded-box border border-line bg-surface p-5 shadow-box"
      >
        <Field label="API key" error={error} hint="Used once to sign in; never stored in this browser.">
          {(wiring) => (
            <TextInput
              {...wiring}
              ref={field}
              type="password"
              name="api-key"
              autoComplete="current-password"
              spellCheck={false}
              maxLength={255}
              className="font-mono"
              onChange={() => setMissing(false)}
            />
          )}
        </Field>
        <Button type="submit" variant="primary" size="large" isBusy={entering.isPending}>
          Sign in
        </Button>
      </form>
      {demoMerchants.length > 0 && (
        <section aria-labelledby="demo-heading">
          <h2 id="demo-heading" className="mb-2.5 flex items-center gap-2 font-medium text-[0.8125rem] text-soft">
            <KeyRound className="size-4" aria-hidden />
            Demo: sign in as
          </h2>
          <ul className="divide-y divide-line overflow-hidden rounded-box border border-line bg-surface shadow-box">
            {demoMerchants.map((demo) => (
              <li key={demo.email}>
                <button
                  type="button"
                  disabled={entering.isPending}
                  onClick={() => entering.mutate(demo.api_key)}
                  className="group flex w-full items-center gap-3 px-4 py-3 text-left hover:bg-sunken focus-visible:outline-offset-[-2px]"
                >
                  <span className="min-w-0 flex-1">
                    <span className="block font-medium">{demo.name}</span>
                    <span className="block truncate text-[0.8125rem] text-faint">{demo.email}</span>
                  </span>
                  <ArrowRight className="size-4 text-faint group-hover:text-accent-text" aria-hidden />
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
    </SignInFrame>
  );
}

function wordsOf(error: Error): string | string[] {
  if (!(error instanceof ApiError)) return inWords(error);
  if (error.code === "invalid_api_key")
    return "No merchant has this API key. Check that it is complete and has not been revoked.";
  const texts = error.field("api_key");
  return texts.length > 0 ? texts : inWords(error);
}
