-- Foreign keys within a merchant's bucket, and a payout's status tied to the ledger. (Triggers: SQLite adds no foreign
-- key to a table that exists, and checks none for a program that does not ask for it. What is found here is never
-- deleted.)

-- A payout begins with its hold, and ends with the entry of its end. The store writes the entries first.
CREATE TRIGGER payouts_held BEFORE INSERT ON payouts
WHEN NOT EXISTS (
    SELECT 1 FROM ledger_entries WHERE bucket = NEW.bucket AND merchant_id = NEW.merchant_id AND payout_id = NEW.id
    AND CASE kind WHEN 'hold' THEN 1 WHEN 'return' THEN 3 ELSE 2 END = 1 AND amount_paise = NEW.amount_paise)
BEGIN
    SELECT RAISE(ABORT, 'this payout does not have its hold');
END;
CREATE TRIGGER payouts_ended BEFORE UPDATE ON payouts
WHEN NEW.status NOT IN ('pending', 'processing') AND NOT EXISTS (
    SELECT 1 FROM ledger_entries WHERE bucket = NEW.bucket AND merchant_id = NEW.merchant_id AND payout_id = NEW.id
    AND CASE kind WHEN 'hold' THEN 1 WHEN 'return' THEN 3 ELSE 2 END = CASE NEW.status WHEN 'returned' THEN 3 ELSE 2 END
    AND amount_paise = NEW.amount_paise
    AND kind = CASE NEW.status WHEN 'completed' THEN 'settle' WHEN 'returned' THEN 'return' ELSE 'refund' END)
BEGIN
    SELECT RAISE(ABORT, 'this payout does not have the ledger entry of its status');
END;

-- (The other way round, that an entry's payout takes its step, is checked by PostgreSQL at the end of the transaction.
-- SQLite has no such check; `payrail verify` finds it.)

-- An attempt is a payout's, and the payout has counted it.
CREATE TRIGGER attempts_tied BEFORE INSERT ON attempts
WHEN NOT EXISTS (
    SELECT 1 FROM payouts WHERE bucket = NEW.bucket AND merchant_id = NEW.merchant_id AND id = NEW.payout_id
    AND attempts >= NEW.number)
BEGIN
    SELECT RAISE(ABORT, 'an attempt belongs to a payout that has counted it');
END;

CREATE TRIGGER bank_returns_payout BEFORE INSERT ON bank_returns
WHEN NEW.payout_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM payouts WHERE bucket = NEW.bucket AND merchant_id = NEW.merchant_id AND id = NEW.payout_id)
BEGIN
    SELECT RAISE(ABORT, 'a return names a payout that does not exist');
END;
CREATE TRIGGER exceptions_payout BEFORE INSERT ON exceptions
WHEN NEW.payout_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM payouts WHERE bucket = NEW.bucket AND merchant_id = NEW.merchant_id AND id = NEW.payout_id)
BEGIN
    SELECT RAISE(ABORT, 'an exception names a payout that does not exist');
END;
