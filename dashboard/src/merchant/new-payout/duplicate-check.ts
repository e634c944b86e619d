import { useQuery } from "@tanstack/react-query";
import { useEffect, useEffectEvent, useMemo, useState } from "react";
import { payoutsToQuery } from "../queries";
import type { Wish } from "./form-step";
import { identicalPayout, identicalWarning } from "./identical-payout";

/** Whether a payout like this one was made before. */
export type Check = { state: "checking" | "clear" | "failed" } | { state: "found"; warning: string };

/**
 * Looks for an identical payout before anything is sent. Paying waits for the answer: an Enter that comes before it pays
 * as soon as nothing was found, and does nothing when there is something to read first.
 */
export function useDuplicateCheck(wish: Wish, pay: () => void) {
  const { data, isError, isFetchedAfterMount } = useQuery(payoutsToQuery(wish.account));
  const [isWanted, setWanted] = useState(false);
  // The age is that of the moment of the answer: a warning that changes would be read out again and again.
  const check = useMemo<Check>(() => {
    if (!isFetchedAfterMount) return { state: "checking" };
    if (isError || !data) return { state: "failed" };
    const earlier = identicalPayout(data, wish);
    return earlier ? { state: "found", warning: identicalWarning(earlier, new Date()) } : { state: "clear" };
  }, [data, isError, isFetchedAfterMount, wish]);

  const goOn = useEffectEvent(() => {
    setWanted(false);
    if (check.state === "clear") pay();
  });
  useEffect(() => {
    if (isWanted && check.state !== "checking") goOn();
  }, [isWanted, check.state]);

  return {
    check,
    /** Somebody wants to pay, and the answer is not there yet. */
    isWaiting: isWanted && check.state === "checking",
    whenChecked: () => (check.state === "checking" ? setWanted(true) : pay()),
  };
}
