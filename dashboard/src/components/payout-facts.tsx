import type { ReactNode } from "react";
import type { Payout } from "@/api/types";
import { Fact, Facts } from "@/ui/card";
import { Copyable } from "@/ui/copy-button";
import { Money } from "@/ui/money";
import { Moment } from "@/ui/time";
import { isInProgress } from "./payout-words";
import { heldPaise } from "./timeline-entries";

/** What is known of a payout, by name. `merchant`: whose it is, where that is not plain. */
export const PayoutFacts = ({ payout, merchant }: { payout: Payout; merchant?: ReactNode }) => (
  <Facts>
    {merchant && <Fact name="Merchant">{merchant}</Fact>}
    <Fact name="Amount">
      <Money paise={payout.amount_paise} />
    </Fact>
    <Fact name="Held">
      <Money paise={heldPaise(payout)} />
    </Fact>
    <Fact name="Bank account">
      <Copyable value={payout.bank_account_id} what="bank account" />
    </Fact>
    <Fact name="UTR">
      {payout.utr ? (
        <Copyable value={payout.utr} what="UTR" />
      ) : (
        <span className="text-faint">{isInProgress(payout) ? "None yet" : "None"}</span>
      )}
    </Fact>
    {payout.reason && <Fact name="Reason">{payout.reason}</Fact>}
    <Fact name="Reference" isWide>
      <Copyable value={payout.reference} what="reference" />
    </Fact>
    <Fact name="Payout ID" isWide>
      <Copyable value={payout.id} what="payout ID" />
    </Fact>
    <Fact name="Attempts">
      <span className="tabular">{payout.attempts}</span>
    </Fact>
    <Fact name="Requested">
      <Moment at={payout.created_at} />
    </Fact>
    <Fact name="Last change">
      <Moment at={payout.updated_at} />
    </Fact>
  </Facts>
);
