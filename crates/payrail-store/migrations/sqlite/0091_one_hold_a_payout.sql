-- A payout is held once, settled or refunded once (never both), and returned once: one index for the three.
CREATE UNIQUE INDEX ledger_once ON ledger_entries
    (bucket, merchant_id, payout_id, (CASE kind WHEN 'hold' THEN 1 WHEN 'return' THEN 3 ELSE 2 END))
    WHERE payout_id IS NOT NULL;
DROP INDEX ledger_one_outcome;
DROP INDEX ledger_one_return;

-- INSERT OR REPLACE would silently remove the entry that the index finds in its way.
DROP TRIGGER ledger_outcome_no_replace;
DROP TRIGGER ledger_return_no_replace;
CREATE TRIGGER ledger_no_replace BEFORE INSERT ON ledger_entries
WHEN NEW.payout_id IS NOT NULL AND EXISTS (
    SELECT 1 FROM ledger_entries WHERE bucket = NEW.bucket AND merchant_id = NEW.merchant_id
    AND payout_id = NEW.payout_id AND CASE kind WHEN 'hold' THEN 1 WHEN 'return' THEN 3 ELSE 2 END
        = CASE NEW.kind WHEN 'hold' THEN 1 WHEN 'return' THEN 3 ELSE 2 END)
BEGIN
    SELECT RAISE(ABORT, 'a payout is held once, settled or refunded once, and returned once');
END;

-- A book belongs to a merchant: only its first entry has to look, as each other entry follows from one, and a merchant
-- with entries stays.
CREATE TRIGGER ledger_of_a_merchant BEFORE INSERT ON ledger_entries
WHEN NEW.seq = 1 AND NOT EXISTS (SELECT 1 FROM merchants WHERE bucket = NEW.bucket AND id = NEW.merchant_id)
BEGIN
    SELECT RAISE(ABORT, 'a ledger belongs to a merchant');
END;
