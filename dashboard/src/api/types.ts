import type { components } from "./schema";

/** The server's own words for things, by their names in its OpenAPI document. */
type Schemas = components["schemas"];

export type Problem = Schemas["Problem"];
export type Session = Schemas["Session"];
export type Me = Schemas["Me"];
export type Payout = Schemas["Payout"];
export type PayoutSummary = Schemas["PayoutSummary"];
export type PayoutTimeline = Schemas["PayoutTimeline"];
export type Call = Schemas["Call"];
export type Movement = Schemas["Movement"];
export type LedgerEntry = Schemas["LedgerEntry"];
export type Insights = Schemas["Insights"];
export type BalancePoint = Schemas["BalancePoint"];
export type OutcomeDay = Schemas["OutcomeDay"];
export type Event = Schemas["Event"];
export type EventKind = Event["kind"];
export type SearchAnswer = Schemas["SearchAnswer"];
export type Matched = Schemas["Matched"];

export type Status = Payout["status"];
/** What a list can be filtered by: `in_doubt` is not a status of its own. */
export type StatusFilter = Status | "in_doubt";
export type Step = Call["step"];
export type AttemptOutcome = Schemas["AttemptOutcome"];
export type EntryKind = LedgerEntry["kind"];
