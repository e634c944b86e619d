import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useEffectEvent, useState } from "react";
import { type Intention, intend } from "@/lib/intention";
import { type Paise, toTyped } from "@/lib/money";
import { newKey } from "@/lib/new-key";
import { openIntentions } from "@/lib/open-intentions";
import { Dialog } from "@/ui/dialog";
import { meQuery } from "../queries";
import { useSignedInMerchant } from "../session";
import { AcceptedStep } from "./accepted-step";
import { ConfirmStep } from "./confirm-step";
import type { Beginning } from "./context";
import { FormStep, type Wish } from "./form-step";
import { noRefusal, refusalOf } from "./refusal";
import { UnsureStep } from "./unsure-step";
import { useSending } from "./use-sending";

interface NewPayoutDialogProps extends Beginning {
  onClose: () => void;
}

const titles = {
  form: "New payout",
  confirm: "Confirm the payout",
  unsure: "Checking with PayRail",
  accepted: "Payout accepted",
};

/** Form, confirmation, sending, answer. One intention keeps one idempotency key through all of it. */
export default function NewPayoutDialog({ again, like, onClose }: NewPayoutDialogProps) {
  const { merchant, isDemo } = useSignedInMerchant();
  const { data: me } = useQuery(meQuery);
  const { state, start, leave, hurry, reset } = useSending(merchant.id);
  const navigate = useNavigate();
  const filled = again ?? like;
  const [typed, setTyped] = useState({
    amount: filled ? toTyped(filled.amountPaise) : "",
    account: filled?.account ?? "",
  });
  const [wish, setWish] = useState<Wish | null>(again ?? null);
  const available = me?.available_balance_paise ?? null;

  const send = (confirmed: Wish) => {
    const known = openIntentions(merchant.id).find((other) => isSame(other, confirmed)) ?? null;
    void start(intend(known, confirmed, { key: newKey(), at: new Date().toISOString() }));
  };

  const sendAgain = useEffectEvent(() => void (again && start(again)));
  useEffect(() => sendAgain(), []);

  const edit = () => {
    reset();
    setWish(null);
  };
  const step = stepOf(state.name, wish);
  const refusal = state.name === "refused" && wish ? refusalOf(state.error, wish.amountPaise) : noRefusal;
  const isHeld = state.name === "sending" || state.name === "unsure";

  return (
    <Dialog isOpen onOpenChange={(isOpen) => !isOpen && onClose()} title={titles[step]} isHeld={isHeld}>
      {step === "form" && (
        <FormStep
          typed={typed}
          onType={setTyped}
          available={available}
          isDemo={isDemo}
          refusal={refusal}
          onEdit={state.name === "refused" ? edit : undefined}
          onDone={(next) => {
            reset();
            setWish(next);
          }}
        />
      )}
      {step === "confirm" && wish && (
        <ConfirmStep
          wish={wish}
          available={available}
          isSending={state.name === "sending"}
          onBack={edit}
          onConfirm={() => send(wish)}
        />
      )}
      {step === "unsure" && wish && state.name === "unsure" && (
        <UnsureStep
          wish={wish}
          doubt={state.doubt}
          onHurry={hurry}
          onLeave={() => {
            leave();
            onClose();
          }}
        />
      )}
      {state.name === "accepted" && (
        <AcceptedStep
          accepted={state.accepted}
          tries={state.tries}
          onShow={() => {
            onClose();
            void navigate({ to: "/payouts/$id", params: { id: state.accepted.payout.id } });
          }}
          onAnother={() => {
            setTyped({ amount: "", account: "" });
            edit();
          }}
        />
      )}
    </Dialog>
  );
}

const isSame = (intention: Intention, wish: { amountPaise: Paise; account: string }) =>
  intention.amountPaise === wish.amountPaise && intention.account === wish.account;

function stepOf(sending: string, wish: Wish | null): keyof typeof titles {
  if (sending === "accepted" || sending === "unsure") return sending;
  if (sending === "refused" || !wish) return "form";
  return "confirm";
}
