import { useState } from "react";
import { ApiError } from "@/api/errors";
import { judge } from "@/lib/intention";
import { newKey } from "@/lib/new-key";
import { useFund } from "../actions";
import type { Funded, MerchantDetail } from "../queries";
import { forgetFunding, type OpenFunding, openFunding, rememberFunding } from "./open-funding";

/** What is to be credited, and the entry's description. */
export interface Wish {
  amountPaise: number;
  description: string;
}

/** Sends a funding under one key until there is a definite answer, however often the dialog is opened in between. */
export function useFunding(merchant: MerchantDetail, onCredited: (funding: OpenFunding, funded: Funded) => void) {
  const fund = useFund(merchant.id);
  const [open, setOpen] = useState(() => openFunding(merchant.id));

  const send = (funding: OpenFunding) => {
    if (fund.isPending) return;
    rememberFunding(merchant.id, funding);
    setOpen(funding);
    fund.mutate(
      { key: funding.key, amount_paise: funding.amountPaise, description: funding.description },
      {
        onSuccess: (funded) => {
          forget(funding);
          onCredited(funding, funded);
        },
        onError: (error) => isFinal(error) && forget(funding),
      },
    );
  };
  const forget = (funding: OpenFunding) => {
    forgetFunding(merchant.id, funding.key);
    setOpen(null);
  };
  return {
    /** Sent, without a definite answer. */
    open,
    isSending: fund.isPending,
    error: fund.error,
    begin: (wish: Wish) => send({ ...wish, key: newKey(), startedAt: new Date().toISOString() }),
    again: () => open && send(open),
    forget: () => open && forget(open),
  };
}

/** An answer that the same request would always get. Anything else leaves it open whether the merchant was credited. */
function isFinal(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  const { status, code, retryAfterSeconds } = error;
  return judge({ status, code, retryAfterSeconds }) === "refused";
}
