import { LoaderCircle, ShieldCheck } from "lucide-react";
import { ApiError } from "@/api/errors";
import { formatPaise } from "@/lib/money";
import type { Doubt } from "@/lib/send-until-sure";
import { Button } from "@/ui/button";
import { Notice } from "@/ui/states";
import { Countdown } from "@/ui/time";
import type { Wish } from "./form-step";

interface UnsureStepProps {
  wish: Wish;
  doubt: Doubt;
  onHurry: () => void;
  onLeave: () => void;
}

/** The answer did not arrive. Nobody has to guess: the same request goes out until there is one. */
export function UnsureStep({ wish, doubt, onHurry, onLeave }: UnsureStepProps) {
  return (
    <div className="grid gap-5">
      <div className="flex items-start gap-4" role="status">
        <LoaderCircle className="mt-0.5 size-6 shrink-0 animate-spin text-accent-text" aria-hidden />
        <div>
          <p className="font-medium">
            We are checking whether {formatPaise(wish.amountPaise)} to {wish.account} was accepted.
          </p>
          <p className="mt-1 text-soft">{whyOf(doubt.error)}</p>
        </div>
      </div>
      <Notice tone="good" icon={ShieldCheck}>
        It cannot be paid twice. We send the same request with the same key, and the server answers with the outcome of
        the first one.
      </Notice>
      <p className="text-[0.8125rem] text-faint">
        {doubt.tries === 1 ? "Tried once." : `Tried ${doubt.tries} times.`} Next try{" "}
        <Countdown to={doubt.nextAt.toISOString()} />.
      </p>
      <div className="grid grid-cols-[auto_1fr] gap-2">
        <Button size="large" onClick={onLeave}>
          Decide later
        </Button>
        <Button variant="primary" size="large" onClick={onHurry}>
          Try now
        </Button>
      </div>
    </div>
  );
}

function whyOf(error: unknown): string {
  if (!navigator.onLine) return "You are offline. The request may or may not have arrived.";
  if (!(error instanceof ApiError)) return "The answer was lost. The request may or may not have arrived.";
  if (error.status === 409) return "The server is busy with another payout of yours. We try again.";
  return `The server did not give a definite answer: ${error.message}`;
}
