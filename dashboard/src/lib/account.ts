const ACCOUNT_MAX = 255;

/** Control and format characters, private and unassigned ones, lone surrogates: nobody can see or type them. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}]/u;
const PICTURE = /\p{Extended_Pictographic}|\p{Regional_Indicator}/u;

/** Why a text (without the space around it) cannot be a bank account, in words; null if it may be one. */
export function accountError(account: string): string | null {
  if (account === "") return "Enter the bank account.";
  if ([...account].length > ACCOUNT_MAX) return `A bank account has no more than ${ACCOUNT_MAX} characters.`;
  if (PICTURE.test(account)) return "A bank account has no emoji. Check what you pasted.";
  if (/\s/.test(account)) return "A bank account has no spaces. Remove them.";
  if (INVISIBLE.test(account)) return "There are invisible characters in the account. Type it instead of pasting it.";
  return null;
}
