import { expect, test } from "vitest";
import { amountInWords } from "./amount-in-words";

test.each([
  [1, "One paisa"],
  [50, "Fifty paise"],
  [100, "One rupee"],
  [101, "One rupee and one paisa"],
  [1_999, "Nineteen rupees and ninety-nine paise"],
  [2_000, "Twenty rupees"],
  [600_000, "Six thousand rupees"],
  [11_000, "One hundred ten rupees"],
  [1_00_000_00, "One lakh rupees"],
  [1_00_000_50, "One lakh rupees and fifty paise"],
  [12_34_567_89, "Twelve lakh thirty-four thousand five hundred sixty-seven rupees and eighty-nine paise"],
  [1_00_00_000_00, "One crore rupees"],
  [99_99_99_999_00, "Ninety-nine crore ninety-nine lakh ninety-nine thousand nine hundred ninety-nine rupees"],
  [1_00_00_00_000_00, "One hundred crore rupees"],
  [
    Number.MAX_SAFE_INTEGER,
    "Ninety lakh seven thousand one hundred ninety-nine crore twenty-five lakh forty-seven thousand four hundred nine rupees and ninety-one paise",
  ],
])("%i paise are %s", (paise, words) => {
  expect(amountInWords(paise)).toBe(words);
});

test("no two amounts up to ₹2,000.00 read alike", () => {
  const texts = new Set(Array.from({ length: 200_000 }, (_, index) => amountInWords(index + 1)));
  expect(texts.size).toBe(200_000);
});
