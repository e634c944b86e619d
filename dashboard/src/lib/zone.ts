import { useSyncExternalStore } from "react";

/** The time zone of everything that is shown: India's, until the person chooses another. */
export const INDIA = "Asia/Kolkata";

const KEY = "payrail-zone";
const listeners = new Set<() => void>();

function isZone(name: string | null): name is string {
  if (!name) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** Without storage (a private window) the choice lasts as long as the page. */
function read(): string {
  try {
    const kept = localStorage.getItem(KEY);
    return isZone(kept) ? kept : INDIA;
  } catch {
    return INDIA;
  }
}

let chosen = read();

const tell = () => {
  for (const listener of listeners) listener();
};

export function setZone(zone: string): void {
  if (!isZone(zone)) return;
  chosen = zone;
  try {
    localStorage.setItem(KEY, zone);
  } catch {
    // Shown all the same, only not remembered.
  }
  tell();
}

// Another window of the same browser chose.
globalThis.window?.addEventListener("storage", (event) => {
  if (event.key !== KEY) return;
  chosen = read();
  tell();
});

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

export const currentZone = (): string => chosen;

/** For what must be drawn anew when the zone changes. */
export const useZone = (): string => useSyncExternalStore(subscribe, currentZone);

const formats = new Map<string, Intl.DateTimeFormat>();

/** To make a format is slow: each is kept. */
function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone) ?? new Intl.DateTimeFormat("en-IN", { timeZone: zone, timeZoneName: "short" });
  formats.set(zone, known);
  return known;
}

/** Short, as a clock on a page names it: IST, UTC, GMT-5. */
export function zoneName(zone: string, at = new Date()): string {
  const parts = formatOf(zone).formatToParts(at);
  return parts.find((part) => part.type === "timeZoneName")?.value ?? zone;
}

export interface ZoneChoice {
  zone: string;
  name: string;
}

/** What can be chosen: India's time, UTC, and this device's if it is another. */
export function zoneChoices(): ZoneChoice[] {
  const device = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const choices = [
    { zone: INDIA, name: "India (IST)" },
    { zone: "UTC", name: "UTC" },
  ];
  // "Asia/Calcutta" is the same clock under its old name.
  const isOther = !["Asia/Calcutta", "Etc/UTC", ...choices.map(({ zone }) => zone)].includes(device);
  if (isOther) choices.push({ zone: device, name: `This device (${device.replaceAll("_", " ")})` });
  if (!choices.some(({ zone }) => zone === chosen)) choices.push({ zone: chosen, name: chosen });
  return choices;
}
