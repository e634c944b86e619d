import { useQuery } from "@tanstack/react-query";
import { TriangleAlert } from "lucide-react";
import { useEffect, useRef } from "react";
import { formatPaise, type Paise } from "@/lib/money";
import { useNow } from "@/lib/use-now";
import { Button } from "@/ui/button";
import { Fit } from "@/ui/fit";
import { Money } from "@/ui/money";
import { Notice } from "@/ui/states";
import { payoutsToQuery } from "../queries";
import type { Wish } from "./form-step";
import { identicalPayout, identicalWarning } from "./identical-payout";

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
  // The balance may have fallen since the form was filled in.
  const isTooMuch = left !== null && left < 0;

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
        <Row name="Left" paise={left} isStrong />
      </dl>
      {isTooMuch && (
        <Notice tone="bad" icon={TriangleAlert} role="alert">
          The available balance is too low now. Go back and change the amount.
        </Notice>
      )}
      <Twin wish={wish} />
      <p className="text-[0.8125rem] text-faint">
        We hold the amount immediately. It is paid when the bank confirms, and refunded if the bank refuses.
      </p>
      <div className="grid grid-cols-[auto_1fr] gap-2">
        <Button size="large" onClick={onBack} disabled={isSending}>
          Back
        </Button>
        <Button ref={button} variant="primary" size="large" isBusy={isSending} disabled={isTooMuch} onClick={onConfirm}>
          {isSending ? "Sending…" : `Pay ${formatPaise(wish.amountPaise)}`}
        </Button>
      </div>
    </div>
  );
}

/** Says that the same was paid not long ago: it may be what is wanted, or a mistake. */
function Twin({ wish }: { wish: Wish }) {
  const { data } = useQuery({ ...payoutsToQuery(wish.account), staleTime: 0 });
  const now = useNow(5_000);
  const earlier = data && identicalPayout(data, wish);
  if (!earlier) return null;
  return (
    <Notice tone="warn" icon={TriangleAlert} role="alert">
      {identicalWarning(earlier, now)} Pay again only if you mean to.
    </Notice>
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
