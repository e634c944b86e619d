import { addDays, dateOf } from "./time";

/** Calendar days, both included: 2026-11-22. What is not set does not bound. */
export interface Period {
  from?: string | undefined;
  to?: string | undefined;
}

const MONTH_START = /-\d\d$/;

const monthStart = (date: string) => date.replace(MONTH_START, "-01");

/** What is chosen with one click, counted from today where the person is. */
export const presets = {
  all: { name: "All dates", period: (): Period => ({}) },
  today: { name: "Today", period: (today: string): Period => ({ from: today, to: today }) },
  yesterday: {
    name: "Yesterday",
    period: (today: string): Period => ({ from: addDays(today, -1), to: addDays(today, -1) }),
  },
  week: { name: "Last 7 days", period: (today: string): Period => ({ from: addDays(today, -6), to: today }) },
  days30: { name: "Last 30 days", period: (today: string): Period => ({ from: addDays(today, -29), to: today }) },
  month: { name: "This month", period: (today: string): Period => ({ from: monthStart(today), to: today }) },
  lastMonth: {
    name: "Last month",
    period: (today: string): Period => {
      const last = addDays(monthStart(today), -1);
      return { from: monthStart(last), to: last };
    },
  },
} as const;

export type Preset = keyof typeof presets;

const isSame = (one: Period, other: Period) =>
  (one.from ?? "") === (other.from ?? "") && (one.to ?? "") === (other.to ?? "");

/** Which preset a period is at the moment, if it is one. */
export function presetOf(period: Period, now: Date): Preset | null {
  const today = dateOf(now);
  const names = Object.keys(presets) as Preset[];
  return names.find((name) => isSame(presets[name].period(today), period)) ?? null;
}

const isDate = (text: string) => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`));

/** A date out of an address, or nothing. */
export const asDate = (value: unknown): string | undefined =>
  typeof value === "string" && isDate(value) && value >= "1970-01-02" ? value : undefined;

/** Why a period cannot be asked for, in words. */
export function periodError({ from, to }: Period): string | null {
  if (from && to && from > to) return "The end date is before the start date. Swap them.";
  return null;
}
