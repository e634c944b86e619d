import { ArrowRight, Eye, EyeOff } from "lucide-react";
import { type FormEvent, useState } from "react";
import { ApiError, inWords } from "@/api/errors";
import { SignInFrame } from "@/components/sign-in-frame";
import { Button, IconButton } from "@/ui/button";
import { Field, TextInput } from "@/ui/field";
import { Notice } from "@/ui/states";
import { useTitle } from "@/ui/use-title";
import { useSignIn } from "../actions";
import type { OperatorSession } from "../queries";

/** `hasEnded`: somebody was signed in on this page a moment ago, and comes back to it after signing in again. */
export function SignIn({ session, hasEnded }: { session: OperatorSession; hasEnded: boolean }) {
  useTitle("Sign in");
  const signIn = useSignIn();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const refusal = signIn.error instanceof ApiError ? signIn.error : null;
  const ofFields = { name: refusal?.field("name") ?? [], password: refusal?.field("password") ?? [] };
  const isAboutFields = ofFields.name.length + ofFields.password.length > 0;

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!signIn.isPending) signIn.mutate({ name: name.trim(), password });
  };

  return (
    <SignInFrame
      title="Operators only"
      suffix="Admin"
      isDemo={session.demo !== null}
      hint={
        <>
          Merchant?{" "}
          <a href="/" className="text-accent-text underline underline-offset-2">
            Sign in here
          </a>
          .
        </>
      }
    >
      {hasEnded && !signIn.isError && (
        <Notice tone="warn" role="status">
          Your session has ended. Sign in again to continue where you were.
        </Notice>
      )}
      <form onSubmit={submit} noValidate className="grid gap-4">
        <Field label="Name" error={ofFields.name}>
          {(wiring) => (
            <TextInput
              {...wiring}
              name="name"
              autoComplete="username"
              autoCapitalize="none"
              spellCheck={false}
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <Password value={password} onChange={setPassword} errors={ofFields.password} />
        {signIn.isError && !isAboutFields && (
          <Notice tone="bad" role="alert">
            {inWords(signIn.error)}
          </Notice>
        )}
        <Button type="submit" variant="primary" size="large" isBusy={signIn.isPending}>
          Sign in
        </Button>
      </form>
      {session.demo && <Demo demo={session.demo} isBusy={signIn.isPending} onPick={signIn.mutate} />}
    </SignInFrame>
  );
}

function Password({ value, onChange, errors }: PasswordProps) {
  const [isShown, setShown] = useState(false);
  const Icon = isShown ? EyeOff : Eye;
  return (
    <Field label="Password" error={errors}>
      {(wiring) => (
        <div className="relative">
          <TextInput
            {...wiring}
            name="password"
            type={isShown ? "text" : "password"}
            autoComplete="current-password"
            className="pr-11"
            value={value}
            onChange={(event) => onChange(event.target.value)}
          />
          <IconButton
            label={isShown ? "Hide the password" : "Show the password"}
            aria-pressed={isShown}
            className="absolute top-0.5 right-0.5"
            onClick={() => setShown(!isShown)}
          >
            <Icon aria-hidden />
          </IconButton>
        </div>
      )}
    </Field>
  );
}

interface PasswordProps {
  value: string;
  onChange: (value: string) => void;
  errors: string[];
}

function Demo({ demo, isBusy, onPick }: DemoProps) {
  return (
    <section aria-label="Demo" className="mt-2 border-line border-t pt-5">
      <p className="text-[0.8125rem] text-faint">
        This is a demo: the operator’s password is public, and no money is real.
      </p>
      <button
        type="button"
        disabled={isBusy}
        onClick={() => onPick({ ...demo })}
        className="mt-3 flex w-full items-center gap-3 rounded-box border border-line bg-surface px-4 py-3 text-left shadow-box hover:border-edge hover:bg-sunken"
      >
        <span className="min-w-0 flex-1">
          <span className="block font-medium">Sign in as {demo.name}</span>
          <span className="block text-[0.8125rem] text-faint">The demo’s operator</span>
        </span>
        <ArrowRight className="size-4 text-faint" aria-hidden />
      </button>
    </section>
  );
}

interface DemoProps {
  demo: NonNullable<OperatorSession["demo"]>;
  isBusy: boolean;
  onPick: (credentials: { name: string; password: string }) => void;
}
