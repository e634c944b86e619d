import { formatPaise } from "@/lib/money";
import { formatClock, formatDay, formatFull } from "@/lib/time";
import { Badge, type Tone } from "@/ui/badge";
import type { Column } from "@/ui/table";
import { isKind, nameOfKind } from "../exception-kinds";
import type { OperatorAction } from "../queries";
import { MerchantLink, PayoutLink } from "./cells";

type Action = OperatorAction["action"];

/** The actions of the audit log, in words. A new action of the server's fails to compile here. */
export const actionWords: Record<Action, { name: string; tone: Tone }> = {
  signed_in: { name: "Signed in", tone: "neutral" },
  sign_in_failed: { name: "Sign-in failed", tone: "warn" },
  signed_out: { name: "Signed out", tone: "neutral" },
  merchant_created: { name: "Merchant created", tone: "info" },
  key_issued: { name: "Key issued", tone: "info" },
  key_rotated: { name: "Key rotated", tone: "info" },
  key_revoked: { name: "Key revoked", tone: "bad" },
  funded: { name: "Funded", tone: "good" },
  asked_bank: { name: "Bank asked", tone: "neutral" },
  brought_forward: { name: "Brought forward", tone: "neutral" },
  decided_paid: { name: "Resolved: paid", tone: "odd" },
  decided_not_paid: { name: "Resolved: not paid", tone: "odd" },
  resolved_exception: { name: "Exception resolved", tone: "odd" },
  bank_confirmed: { name: "New bank confirmed", tone: "odd" },
  returns_gap_passed: { name: "Gap in returns passed", tone: "odd" },
  secret_changed: { name: "Secret changed", tone: "odd" },
  bench_filled: { name: "Filled with benchmark data", tone: "neutral" },
  verify_started: { name: "Audit started", tone: "neutral" },
  operator_created: { name: "Operator created", tone: "info" },
  operator_enabled: { name: "Operator enabled", tone: "info" },
  operator_disabled: { name: "Operator disabled", tone: "bad" },
  password_reset: { name: "Password reset", tone: "info" },
  password_changed: { name: "Password changed", tone: "neutral" },
};

export const wordOf = (action: Action): { name: string; tone: Tone } => actionWords[action];

const ABOUT_PAYOUTS: Action[] = ["asked_bank", "brought_forward", "decided_paid", "decided_not_paid"];

function Subject({ action: { action, merchant }, subject }: { action: OperatorAction; subject: string }) {
  if (merchant && ABOUT_PAYOUTS.includes(action)) return <PayoutLink merchant={merchant.id} id={subject} />;
  return <code className="break-all font-mono text-[0.8125rem]">{subject}</code>;
}

const TIME = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g;

/** Amounts are stored in paise and times in UTC; people read rupees, and times of the zone that they chose. */
export const readable = (detail: string) =>
  detail
    .replace(/\b(\d+) paise\b/g, (_, paise) => formatPaise(BigInt(paise)))
    .replace(TIME, (time) => formatFull(new Date(time)));

const Stamp = ({ at }: { at: string }) => (
  <time dateTime={at} title={formatFull(new Date(at))} className="tabular whitespace-nowrap">
    {formatDay(new Date(at))}
    <br className="max-sm:hidden" /> {formatClock(new Date(at))}
  </time>
);

const detailOf = ({ action, detail }: OperatorAction) =>
  action === "resolved_exception" && detail && isKind(detail) ? nameOfKind(detail) : readable(detail ?? "");

/** What was done, why, and what else there is to know. */
const Details = ({ action }: { action: OperatorAction }) => (
  <span className="grid gap-0.5">
    {action.detail && <span className="break-words">{detailOf(action)}</span>}
    {action.reason && <q className="break-words text-soft">{action.reason}</q>}
  </span>
);

export const actionColumns: Column<OperatorAction>[] = [
  { name: "When", cell: (action) => <Stamp at={action.at} /> },
  { name: "Operator", cell: (action) => <span className="whitespace-nowrap font-medium">{action.operator}</span> },
  {
    name: "Action",
    cell: ({ action }) => <Badge tone={wordOf(action).tone}>{wordOf(action).name}</Badge>,
  },
  { name: "Merchant", cell: ({ merchant }) => merchant && <MerchantLink merchant={merchant} /> },
  { name: "Subject", cell: (action) => action.subject && <Subject action={action} subject={action.subject} /> },
  {
    name: "Details",
    // An empty cell is left out on a phone.
    cell: (action) => (action.detail || action.reason) && <Details action={action} />,
  },
];
