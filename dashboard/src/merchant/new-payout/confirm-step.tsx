import { TriangleAlert } from "lucide-react";
import { useEffect, useRef } from "react";
import { formatPaise, type Paise } from "@/lib/money";
import { Button } from "@/ui/button";
import { Fit } from "@/ui/fit";
import { Money } from "@/ui/money";
import { Notice } from "@/ui/states";
import { type Check, useDuplicateCheck } from "./duplicate-check";
import type { Wish } from "./form-step";

interface ConfirmStepProps {
  wish: Wish;
  available: Paise | null;
  isSending: boolean;
  onBack: () => void;
  onConfirm: () => void;
}

export function ConfirmStep({ wish, available, isSending, onBack, onConfirm }: ConfirmStepProps) {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => button.current?.focus(), []);
  const { check, isWaiting, whenChecked } = useDuplicateCheck(wish, onConfirm);
  const left = available === null ? null : available - wish.amountPaise;
  // The balance may have fallen since the form was filled in.
  const isTooMuch = left !== null && left < 0;
  const isBusy = isSending || isWaiting;

  return (
    <div className="grid gap-6">
      <div className="rounded-xl bg-sunken px-5 py-6 text-center">
        <p className="font-semibold tracking-tight">
          <Fit most={1.875} length={formatPaise(wish.amountPaise).length}>
            <Money paise={wish.amountPaise} isHeadline />
          </Fit>
        </p>
        <p className="mt-1.5 break-all text-soft">
          to <span className="font-medium text-ink">{wish.account}</span>
        </p>
      </div>
      <dl className="grid gap-2.5">
        <Row name="Available now" paise={available} />
        <Row name="Held for this payout" paise={-wish.amountPaise} />
        <div className="h-px bg-line" />
        <Row name="Available afterwards" paise={left} isStrong />
      </dl>
      {isTooMuch && (
        <Notice tone="bad" icon={TriangleAlert} role="alert">
          The available balance is too low now. Go back and change the amount.
        </Notice>
      )}
      <CheckNotice check={check} />
      <p className="text-[0.8125rem] text-faint">
        We hold the amount immediately. It is paid when the bank confirms, and refunded if the bank refuses.
      </p>
      {/* Above each other on a phone: an amount in crores needs the whole width. */}
      <div className="grid gap-2 sm:grid-cols-[auto_1fr]">
        <Button size="large" onClick={onBack} disabled={isSending} className="max-sm:order-2">
          Back
        </Button>
        <Button ref={button} variant="primary" size="large" isBusy={isBusy} disabled={isTooMuch} onClick={whenChecked}>
          {isSending ? "Sending…" : isWaiting ? "Checking for duplicates…" : `Pay ${formatPaise(wish.amountPaise)}`}
        </Button>
      </div>
    </div>
  );
}

/** Says that the same was paid or is in progress: it may be what is wanted, or a mistake. */
function CheckNotice({ check }: { check: Check }) {
  if (check.state === "clear" || check.state === "checking") return null;
  return (
    <Notice tone="warn" icon={TriangleAlert} role="alert">
      {check.state === "found"
        ? `${check.warning} Pay again only if you mean to.`
        : "We could not check whether you paid the same amount to this account before. Look at your payouts before you pay."}
    </Notice>
  );
}

function Row({ name, paise, isStrong }: { name: string; paise: Paise | null; isStrong?: boolean }) {
  const isShort = paise !== null && isStrong && paise < 0;
  return (
    <div className="flex flex-wrap justify-between gap-x-4">
      <dt className={isStrong ? "font-medium" : "text-soft"}>{name}</dt>
      <dd className={isShort ? "font-semibold text-bad" : isStrong ? "font-semibold" : ""}>
        {paise === null ? "…" : <Money paise={paise} />}
      </dd>
    </div>
  );
}
