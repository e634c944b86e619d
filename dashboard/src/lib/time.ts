import { currentZone, zoneName } from "./zone";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const shapes = {
  clock: { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" },
  minute: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  day: { day: "numeric", month: "short" },
  dayAndYear: { day: "numeric", month: "short", year: "numeric" },
  weekday: { weekday: "short", day: "numeric", month: "short", year: "numeric" },
  parts: { year: "numeric", month: "2-digit", day: "2-digit" },
} as const satisfies Record<string, Intl.DateTimeFormatOptions>;

const made = new Map<string, Intl.DateTimeFormat>();

/** A format in the zone that the person chose, or in the one that is given. To make one is slow: each is kept. */
function format(shape: keyof typeof shapes, at: Date, zone = currentZone()): string {
  const name = `${shape} ${zone}`;
  const known = made.get(name) ?? new Intl.DateTimeFormat("en-GB", { ...shapes[shape], timeZone: zone });
  made.set(name, known);
  return known.format(at);
}

/** 14:05:07. */
export const formatClock = (at: Date): string => format("clock", at);

/** 14:05. */
export const formatMinute = (at: Date): string => format("minute", at);

/** 22 Nov 2026. */
export const formatDay = (at: Date): string => format("dayAndYear", at);

/** 22 Nov 2026, 14:05:07 IST. */
export const formatFull = (at: Date): string => `${formatDay(at)}, ${formatClock(at)} ${zoneName(currentZone(), at)}`;

/** 22 Nov 2026, 14:05. */
export const formatDayAndMinute = (at: Date): string => `${formatDay(at)}, ${formatMinute(at)}`;

/** A step of a timeline: the time alone if it was today, else with its date. */
export function formatStep(at: Date, now: Date): string {
  const isToday = formatDay(at) === formatDay(now);
  return isToday ? formatClock(at) : `${formatDay(at)}, ${formatClock(at)}`;
}

/** The calendar day of a moment where the person is: 2026-11-22. */
export function dateOf(at: Date): string {
  const [day, month, year] = format("parts", at).split("/");
  return `${year}-${month}-${day}`;
}

const utcOf = (date: string) => new Date(`${date}T00:00:00Z`);

/** So many days later, or earlier. */
export const addDays = (date: string, days: number): string =>
  new Date(utcOf(date).getTime() + days * DAY).toISOString().slice(0, 10);

/** A calendar day "2026-11-22": 22 Nov. It is the same day in every zone. */
export const formatDate = (date: string): string => format("day", utcOf(date), "UTC");

/** Sun, 22 Nov 2026. */
export const formatDateLong = (date: string): string => format("weekday", utcOf(date), "UTC");

/** How long ago, in the largest unit that fits. The server's clock may run ahead of ours: that is "just now" too. */
export function formatAgo(at: Date, now: Date): string {
  const passed = now.getTime() - at.getTime();
  if (passed < 5 * SECOND) return "just now";
  if (passed < MINUTE) return `${Math.floor(passed / SECOND)} s ago`;
  if (passed < HOUR) return `${Math.floor(passed / MINUTE)} min ago`;
  if (passed < DAY) return `${Math.floor(passed / HOUR)} h ago`;
  if (passed < 7 * DAY) return `${Math.floor(passed / DAY)} d ago`;
  const isThisYear = dateOf(at).slice(0, 4) === dateOf(now).slice(0, 4);
  return isThisYear ? format("day", at) : formatDay(at);
}

/** The same in a sentence: "a minute ago", "3 hours ago". */
export function sayAgo(at: Date, now: Date): string {
  const passed = Math.max(0, now.getTime() - at.getTime());
  const several = (count: number, unit: string, one: string) => (count === 1 ? `${one} ago` : `${count} ${unit}s ago`);
  if (passed < MINUTE) return "less than a minute ago";
  if (passed < HOUR) return several(Math.floor(passed / MINUTE), "minute", "a minute");
  if (passed < DAY) return several(Math.floor(passed / HOUR), "hour", "an hour");
  return several(Math.floor(passed / DAY), "day", "a day");
}

/** 5 s, 2 min 5 s, 3 h 20 min, 2 d 4 h. */
export function formatSpan(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / SECOND));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 ? `${minutes} min ${seconds % 60} s` : `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  const days = Math.floor(hours / 24);
  return hours % 24 ? `${days} d ${hours % 24} h` : `${days} d`;
}

/** Until a moment: "in 28 s", or "now" when it has come. */
export function formatUntil(at: Date, now: Date): string {
  const left = at.getTime() - now.getTime();
  return left <= 0 ? "now" : `in ${formatSpan(left)}`;
}
