import { CircleCheck } from "lucide-react";
import { useEffect, useRef } from "react";
import { formatPaise } from "@/lib/money";
import { Button } from "@/ui/button";
import { Notice } from "@/ui/states";
import type { Accepted } from "../actions";

interface AcceptedStepProps {
  accepted: Accepted;
  tries: number;
  onShow: () => void;
  onAnother: () => void;
}

export function AcceptedStep({ accepted: { payout, isReplay }, tries, onShow, onAnother }: AcceptedStepProps) {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => button.current?.focus(), []);
  return (
    <div className="grid gap-6">
      <div className="grid justify-items-center gap-3 py-2 text-center" role="status">
        <CircleCheck className="size-10 text-good-mark" aria-hidden />
        <p className="text-base">
          <span className="font-semibold">{formatPaise(payout.amount_paise)}</span> held for{" "}
          <span className="break-all font-medium">{payout.bank_account_id}</span>
        </p>
        <p className="text-soft">It is on its way to the bank. The payout page shows every step.</p>
      </div>
      {isReplay && (
        <Notice tone="good">
          {tries > 1
            ? "The first request had arrived: this is its answer. One payout was created, not two."
            : "This request was accepted before: this is its answer. One payout was created, not two."}
        </Notice>
      )}
      <div className="grid grid-cols-[auto_1fr] gap-2">
        <Button size="large" onClick={onAnother}>
          New payout
        </Button>
        <Button ref={button} variant="primary" size="large" onClick={onShow}>
          Show this payout
        </Button>
      </div>
    </div>
  );
}
