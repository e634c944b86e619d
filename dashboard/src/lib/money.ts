/**
 * Money is whole paise: a safe integer as it comes in JSON, or a bigint where sums are made. No float
 * takes part: text is taken apart as text.
 */
export type Paise = number;

export const LARGEST_PAISE = Number.MAX_SAFE_INTEGER;

/** Digits with commas as India sets them: 12,34,56,789. */
function group(digits: string): string {
  const last = digits.slice(-3);
  const before = digits.slice(0, -3);
  return before ? `${before.replace(/\B(?=(\d{2})+$)/g, ",")},${last}` : last;
}

function split(paise: bigint): { rupees: string; rest: string } {
  const size = paise < 0n ? -paise : paise;
  return { rupees: (size / 100n).toString(), rest: (size % 100n).toString().padStart(2, "0") };
}

/** ₹1,00,000.00; a negative amount has a true minus sign before the ₹. */
export function formatPaise(paise: Paise | bigint): string {
  if (typeof paise === "number" && !Number.isSafeInteger(paise)) {
    // JSON has already rounded it: better no figure than a wrong one.
    return `${paise < 0 ? "less than −" : "more than "}${formatPaise(LARGEST_PAISE)}`;
  }
  const { rupees, rest } = split(BigInt(paise));
  return `${paise < 0 ? "−" : ""}₹${group(rupees)}.${rest}`;
}

/** With a sign in front, as a movement of money. */
export const formatSigned = (paise: Paise | bigint): string =>
  paise > 0 ? `+${formatPaise(paise)}` : formatPaise(paise);

/** As one types it: 100000.50, without paise when there are none. */
export function toTyped(paise: Paise): string {
  const { rupees, rest } = split(BigInt(paise));
  return rest === "00" ? rupees : `${rupees}.${rest}`;
}

const CRORE = 10_000_000n;
const LAKH = 100_000n;
const THOUSAND = 1_000n;

/** Short, for the axis of a chart: ₹950, ₹12K, ₹1.5L, ₹2Cr. Cut off, not rounded, after one digit. */
export function formatShort(paise: Paise | bigint): string {
  const exact = BigInt(paise);
  const sign = exact < 0n ? "−" : "";
  const rupees = (exact < 0n ? -exact : exact) / 100n;
  for (const [unit, name] of [
    [CRORE, "Cr"],
    [LAKH, "L"],
    [THOUSAND, "K"],
  ] as const) {
    if (rupees < unit) continue;
    const tenths = (rupees * 10n) / unit;
    const whole = group((tenths / 10n).toString());
    return `${sign}₹${whole}${tenths % 10n === 0n ? "" : `.${tenths % 10n}`}${name}`;
  }
  return `${sign}₹${rupees}`;
}

export type ParsedAmount = { isValid: true; paise: Paise } | { isValid: false; error: string };

const refuse = (error: string): ParsedAmount => ({ isValid: false, error });

/** Digits that are 0 to 9 without a doubt, in the scripts that people here have on their keyboards. */
function plainDigits(text: string): string {
  return text
    .replace(/[०-९]/g, (digit) => String(digit.charCodeAt(0) - 0x0966))
    .replace(/[０-９]/g, (digit) => String(digit.charCodeAt(0) - 0xff10))
    .replace(/．/g, ".")
    .replace(/，/g, ",");
}

const CURRENCY = String.raw`(?:₹|rs\.?|inr|rupees?)`;
const INDIAN = /^[1-9]\d?(,\d{2})*,\d{3}$/;
const INTERNATIONAL = /^[1-9]\d{0,2}(,\d{3})+$/;

/** The amount without its currency, which may stand before or after it. */
function withoutCurrency(text: string): string {
  return text.replace(new RegExp(`^${CURRENCY}\\s*`, "i"), "").replace(new RegExp(`\\s*(?:${CURRENCY}|/-)$`, "i"), "");
}

/** What stands in the way of reading it as one number and no other, in words. */
function objection(text: string): string | null {
  if (/^[-−–]/.test(text)) return "An amount to pay is more than zero.";
  if (/^\+/.test(text)) return "Leave out the plus sign.";
  if (/\p{Nd}/u.test(text.replace(/[0-9]/g, ""))) return "Use the digits 0 to 9.";
  if (/[0-9]\s+[0-9]/.test(text)) return "Leave out the spaces between the digits.";
  if (/[^0-9.,\s]/.test(text)) return "Write the amount in digits, for example 1,00,000.50.";
  if (/,[^.]*$/.test(text) && text.includes(".") && text.indexOf(".") < text.lastIndexOf(",")) {
    return "Use commas between groups and one point before the paise, for example 1,00,000.50.";
  }
  if ((text.match(/\./g) ?? []).length > 1) return "Use one point only, before the paise.";
  return null;
}

function wholeRupees(text: string): string | null {
  if (!text.includes(",")) return text;
  return INDIAN.test(text) || INTERNATIONAL.test(text) ? text.replaceAll(",", "") : null;
}

/** Rupees as people write them, to paise, exactly. What could mean two things is refused, in words. */
export function parseRupees(typed: string): ParsedAmount {
  const text = withoutCurrency(plainDigits(typed.normalize("NFC").trim())).trim();
  if (text === "") return refuse("Enter an amount.");
  const reason = objection(text);
  if (reason) return refuse(reason);

  const [before = "", after = ""] = text.split(".");
  if (before === "" && after === "") return refuse("Write the amount in digits, for example 1,00,000.50.");
  if (after.length > 2) return refuse("There are only two digits after the point: paise are the smallest unit.");
  const rupees = wholeRupees(before);
  if (rupees === null) {
    return refuse(`“${before}” is not clear. Write 1,00,000 or 100000 for a lakh, and 1.50 for one rupee fifty.`);
  }

  const paise = BigInt(rupees || "0") * 100n + BigInt(after.padEnd(2, "0"));
  if (paise === 0n) return refuse("The smallest amount is ₹0.01.");
  if (paise > BigInt(LARGEST_PAISE)) return refuse(`The largest amount is ${formatPaise(LARGEST_PAISE)}.`);
  return { isValid: true, paise: Number(paise) };
}

/** A share in whole per cent, rounded down: 60% of 10,001 paise are 6,000. */
export const percentOf = (paise: Paise, percent: number): Paise => Number((BigInt(paise) * BigInt(percent)) / 100n);
