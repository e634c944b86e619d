import type { Paise } from "@/lib/money";

const BELOW_TWENTY = [
  "zero",
  "one",
  "two",
  "three",
  "four",
  "five",
  "six",
  "seven",
  "eight",
  "nine",
  "ten",
  "eleven",
  "twelve",
  "thirteen",
  "fourteen",
  "fifteen",
  "sixteen",
  "seventeen",
  "eighteen",
  "nineteen",
];
const TENS = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

/** Indian units, the largest first. What is more than 99 crore is so many crore again: one lakh crore. */
const UNITS = [
  [10_000_000, "crore"],
  [100_000, "lakh"],
  [1_000, "thousand"],
  [100, "hundred"],
] as const;

function belowHundred(number: number): string {
  if (number < 20) return BELOW_TWENTY[number] ?? "";
  const rest = number % 10;
  return `${TENS[Math.floor(number / 10)]}${rest ? `-${BELOW_TWENTY[rest]}` : ""}`;
}

function inWords(number: number): string {
  for (const [size, name] of UNITS) {
    if (number < size) continue;
    const rest = number % size;
    return `${inWords(Math.floor(number / size))} ${name}${rest ? ` ${inWords(rest)}` : ""}`;
  }
  return belowHundred(number);
}

const counted = (number: number, one: string, many: string) => `${inWords(number)} ${number === 1 ? one : many}`;

/** An amount as it is written on a cheque: "Six thousand rupees and fifty paise". */
export function amountInWords(paise: Paise): string {
  const rest = paise % 100;
  const rupees = (paise - rest) / 100;
  const parts = [
    (rupees > 0 || rest === 0) && counted(rupees, "rupee", "rupees"),
    rest > 0 && counted(rest, "paisa", "paise"),
  ];
  const text = parts.filter(Boolean).join(" and ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
