import { useEffect, useRef } from "react";
import { formatPaise, type Paise } from "@/lib/money";
import { Button } from "@/ui/button";
import { Money } from "@/ui/money";
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
  const left = available === null ? null : available - wish.amountPaise;

  return (
    <div className="grid gap-6">
      <div className="rounded-xl bg-sunken px-5 py-6 text-center">
        <p className="font-semibold text-3xl tracking-tight">
          <Money paise={wish.amountPaise} isHeadline />
        </p>
        <p className="mt-1.5 break-all text-soft">
          to <span className="font-medium text-ink">{wish.account}</span>
        </p>
      </div>
      <dl className="grid gap-2.5">
        <Row name="Available now" paise={available} />
        <Row name="Held for this payout" paise={-wish.amountPaise} />
        <div className="h-px bg-line" />
        <Row name="Left available" paise={left} isStrong />
      </dl>
      <p className="text-[0.8125rem] text-faint">
        The amount is held at once and paid when the bank confirms. If the bank refuses, it comes back.
      </p>
      <div className="grid grid-cols-[auto_1fr] gap-2">
        <Button size="large" onClick={onBack} disabled={isSending}>
          Back
        </Button>
        <Button ref={button} variant="primary" size="large" isBusy={isSending} onClick={onConfirm}>
          {isSending ? "Sending…" : `Pay ${formatPaise(wish.amountPaise)}`}
        </Button>
      </div>
    </div>
  );
}

function Row({ name, paise, isStrong }: { name: string; paise: Paise | null; isStrong?: boolean }) {
  const isShort = paise !== null && isStrong && paise < 0;
  return (
    <div className="flex justify-between gap-4">
      <dt className={isStrong ? "font-medium" : "text-soft"}>{name}</dt>
      <dd className={isShort ? "font-semibold text-bad" : isStrong ? "font-semibold" : ""}>
        {paise === null ? "…" : <Money paise={paise} />}
      </dd>
    </div>
  );
}
