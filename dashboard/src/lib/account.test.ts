import { describe, expect, it } from "vitest";
import { accountError } from "./account";

describe("a bank account", () => {
  it.each(["demo-success", "HDFC0001234/001122334455", "someone@upi", "50100-123456.7", "खाता-१२३", "x".repeat(255)])(
    "may be %s",
    (account) => expect(accountError(account)).toBeNull(),
  );

  it.each([
    ["", "Enter the bank account."],
    ["asdf ghjk 🏦", "emoji"],
    ["🏦", "emoji"],
    ["🇮🇳", "emoji"],
    ["asdf ghjk", "no spaces"],
    ["asdf\u00a0ghjk", "no spaces"],
    ["demo\u200bsuccess", "invisible"],
    ["demo\u202esuccess", "invisible"],
    ["demo\u0007success", "invisible"],
    ["x".repeat(256), "no more than 255"],
  ])("cannot be %j", (account, words) => expect(accountError(account)).toContain(words));
});
