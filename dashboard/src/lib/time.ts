const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const dayAndYear = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const dayUtc = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
const dayUtcLong = new Intl.DateTimeFormat("en-GB", {
  weekday: "short",
  day: "numeric",
  month: "short",
  year: "numeric",
  timeZone: "UTC",
});
const zone = new Intl.DateTimeFormat("en-GB", { timeZoneName: "short" });

/** 14:05:07, where the reader is. */
export const formatClock = (at: Date): string => clock.format(at);

/** 22 Nov 2026, 14:05:07 GMT+5:30. */
export function formatFull(at: Date): string {
  const zoneName = zone.formatToParts(at).find((part) => part.type === "timeZoneName")?.value ?? "";
  return `${dayAndYear.format(at)}, ${clock.format(at)} ${zoneName}`.trim();
}

/** 22 Nov 2026. */
export const formatDay = (at: Date): string => dayAndYear.format(at);

/** A calendar day "2026-11-22" of the server, which counts in UTC: 22 Nov. */
export const formatUtcDay = (date: string): string => dayUtc.format(new Date(`${date}T00:00:00Z`));

/** Sun, 22 Nov 2026. */
export const formatUtcDayLong = (date: string): string => dayUtcLong.format(new Date(`${date}T00:00:00Z`));

/** How long ago, in the largest unit that fits. The server's clock may run ahead of ours: that is "just now" too. */
export function formatAgo(at: Date, now: Date): string {
  const passed = now.getTime() - at.getTime();
  if (passed < 5 * SECOND) return "just now";
  if (passed < MINUTE) return `${Math.floor(passed / SECOND)} s ago`;
  if (passed < HOUR) return `${Math.floor(passed / MINUTE)} min ago`;
  if (passed < DAY) return `${Math.floor(passed / HOUR)} h ago`;
  if (passed < 7 * DAY) return `${Math.floor(passed / DAY)} d ago`;
  return at.getFullYear() === now.getFullYear() ? day.format(at) : dayAndYear.format(at);
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
