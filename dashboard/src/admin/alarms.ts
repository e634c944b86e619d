import { formatSpan } from "@/lib/time";
import type { MetBank, Overview, RecentAnswer } from "./queries";

/** Something that an operator has to act on: what is wrong, why, and what to do. */
export interface Alarm {
  id: "another-bank" | "no-worker" | "workers-behind" | "bank-silent" | "due-far-ahead" | "exceptions";
  /** The same without its counts and ages. */
  name: string;
  title: string;
  why: string;
  what: string;
}

/** A payout that is due is claimed within a second; one that waits for longer is not being worked on. */
const WAITING_MS = 45_000;
/** So many calls in a row without a definite answer are no coincidence. */
const UNANSWERED_IN_A_ROW = 5;
const NO_ANSWERS: RecentAnswer["answer"][] = ["no_answer", "unreachable"];

const payouts = (count: number) => (count === 1 ? "1 payout is" : `${count.toLocaleString("en-IN")} payouts are`);

type Changed = { rail: string; met: MetBank };

const seenBy = ({ rail, met }: Changed, now: number, hasOthers: boolean) =>
  `${met.worker} has seen it for ${formatSpan(now - new Date(met.since).getTime())}, and sends nothing to it${hasOthers ? ` (rail ${rail})` : ""}.`;

type Figures = Pick<Overview, "at" | "due" | "due_far_ahead" | "workers" | "banks" | "exceptions">;

/** From the server's figures and by the server's clock alone: the reader's may be wrong. */
export function alarms({ at, due, due_far_ahead, workers, banks, exceptions }: Figures): Alarm[] {
  const now = new Date(at).getTime();
  const found: Alarm[] = [];
  const changed = banks.flatMap(({ rail, met }) => (met ? [{ rail, met }] : []));
  if (workers.running === 0) {
    const seen = workers.last_seen_at;
    found.push({
      id: "no-worker",
      name: "No worker is running",
      title: due.count > 0 ? `${payouts(due.count)} due and no worker is running` : "No worker is running",
      why: seen
        ? `A worker was last seen ${formatSpan(now - new Date(seen).getTime())} ago.`
        : "No worker was seen in the last 24 hours.",
      what: "Start a worker: payrail serve --role worker. No money is lost meanwhile: payouts wait, with their amounts held.",
    });
  } else if (changed[0]) {
    const waiting = due.count > 0 ? ` ${payouts(due.count)} due and ${due.count === 1 ? "waits" : "wait"}.` : "";
    found.push({
      id: "another-bank",
      name: "A different bank is answering at the bank’s address",
      title: "A different bank is answering at the bank’s address",
      why: `${changed.map((bank) => seenBy(bank, now, banks.length > 1)).join(" ")}${waiting} No money is lost meanwhile.`,
      what: "Correct PAYRAIL_BANK_URL, or restore the bank’s records: the workers then continue automatically. If the change is intended, open “What to do” at the top of the page, and confirm it there.",
    });
  } else if (due.oldest_due_at && now - new Date(due.oldest_due_at).getTime() > WAITING_MS) {
    found.push({
      id: "workers-behind",
      name: "The workers do not keep up",
      title: `${payouts(due.count)} due, and the workers do not keep up`,
      why: `The oldest has waited for ${formatSpan(now - new Date(due.oldest_due_at).getTime())}, with ${workers.running === 1 ? "1 worker" : `${workers.running} workers`} running.`,
      what: "Read the workers’ logs and the bank’s answers below. If the bank is slow, start more workers.",
    });
  }
  const newest = workers.recent_answers.slice(0, UNANSWERED_IN_A_ROW);
  if (newest.length === UNANSWERED_IN_A_ROW && newest.every(({ answer }) => NO_ANSWERS.includes(answer))) {
    found.push({
      id: "bank-silent",
      name: "The bank does not answer",
      title: "The bank does not answer",
      why: `The last ${UNANSWERED_IN_A_ROW} calls got no definite answer.`,
      what: "Ask the bank whether it has an outage. Payouts stay in doubt, with their amounts held, and the bank is asked again automatically.",
    });
  }
  if (due_far_ahead.count > 0) {
    found.push({
      id: "due-far-ahead",
      name: "Payouts are due far in the future",
      title: `${payouts(due_far_ahead.count)} due far in the future`,
      why: "A clock was wrong when the time of the next step was set. Nothing happens to these payouts until then.",
      what: "Check the clocks of the machines. List the payouts with: payrail bring-forward. Then open each one here and bring it forward, or all of them with: payrail bring-forward --all --reason TEXT.",
    });
  }
  if (exceptions.oldest_since) found.push(mismatches(exceptions, now));
  return found;
}

function mismatches({ count, is_capped, oldest_since }: Overview["exceptions"], now: number): Alarm {
  const age = formatSpan(now - new Date(oldest_since ?? now).getTime());
  const many = `${count.toLocaleString("en-IN")}${is_capped ? " or more" : ""} exceptions are`;
  return {
    id: "exceptions",
    name: "Exceptions are open",
    title: count === 1 ? "1 exception is open" : `${many} open`,
    why: `Bank records do not match the ledger, and no money was moved for them. The oldest has been open for ${age}.`,
    what: "Open “Exceptions”, clarify each one with the bank, and resolve it with a written reason.",
  };
}
