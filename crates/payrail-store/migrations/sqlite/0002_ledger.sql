-- The append-only ledger. The merchant's newest entry holds the balances; nothing else does.
CREATE TABLE ledger_entries (
    bucket          INTEGER NOT NULL,
    merchant_id     BLOB    NOT NULL CHECK (length(merchant_id) = 16),
    seq             INTEGER NOT NULL CHECK (seq >= 1),
    kind            TEXT    NOT NULL CHECK (kind IN ('fund', 'hold', 'settle', 'refund', 'return')),
    amount_paise    INTEGER NOT NULL CHECK (amount_paise >= 1),
    available_after INTEGER NOT NULL CHECK (available_after >= 0),
    held_after      INTEGER NOT NULL CHECK (held_after >= 0),
    payout_id       BLOB    CHECK (length(payout_id) = 16),
    description     TEXT,
    created_at      INTEGER NOT NULL,
    PRIMARY KEY (bucket, merchant_id, seq),
    CHECK ((kind = 'fund') = (payout_id IS NULL))
) STRICT, WITHOUT ROWID;

-- A payout is settled or refunded, never both, never twice; and returned once at the most.
CREATE UNIQUE INDEX ledger_one_outcome ON ledger_entries (bucket, merchant_id, payout_id)
    WHERE kind IN ('settle', 'refund');
CREATE UNIQUE INDEX ledger_one_return ON ledger_entries (bucket, merchant_id, payout_id)
    WHERE kind = 'return';

-- The chain: each entry follows from the merchant's newest one, so that money cannot be forged even
-- past the program. Comparing with the newest entry also refuses INSERT OR REPLACE, which fires no
-- DELETE trigger.
CREATE TRIGGER ledger_chain BEFORE INSERT ON ledger_entries
BEGIN
    SELECT RAISE(ABORT, 'this ledger entry does not follow from the one before it')
    WHERE (NEW.seq,
           NEW.available_after
               - CASE NEW.kind WHEN 'settle' THEN 0 WHEN 'hold' THEN -NEW.amount_paise ELSE NEW.amount_paise END,
           NEW.held_after
               - CASE NEW.kind WHEN 'hold' THEN NEW.amount_paise
                               WHEN 'settle' THEN -NEW.amount_paise
                               WHEN 'refund' THEN -NEW.amount_paise
                               ELSE 0 END)
      IS NOT (SELECT seq + 1, available_after, held_after FROM (
                  SELECT seq, available_after, held_after FROM ledger_entries
                  WHERE bucket = NEW.bucket AND merchant_id = NEW.merchant_id
                  UNION ALL
                  SELECT 0, 0, 0
                  ORDER BY seq DESC LIMIT 1));
END;
CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger_entries
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only: correct it with a new entry');
END;
CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger_entries
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only: correct it with a new entry');
END;

-- INSERT OR REPLACE again: it would silently remove the entry that a unique index finds in its way.
CREATE TRIGGER ledger_outcome_no_replace BEFORE INSERT ON ledger_entries
WHEN NEW.kind IN ('settle', 'refund') AND EXISTS (
    SELECT 1 FROM ledger_entries WHERE bucket = NEW.bucket AND merchant_id = NEW.merchant_id
    AND payout_id = NEW.payout_id AND kind IN ('settle', 'refund'))
BEGIN
    SELECT RAISE(ABORT, 'a payout is settled or refunded once');
END;
CREATE TRIGGER ledger_return_no_replace BEFORE INSERT ON ledger_entries
WHEN NEW.kind = 'return' AND EXISTS (
    SELECT 1 FROM ledger_entries WHERE bucket = NEW.bucket AND merchant_id = NEW.merchant_id
    AND payout_id = NEW.payout_id AND kind = 'return')
BEGIN
    SELECT RAISE(ABORT, 'a payout is returned once');
END;

-- A merchant with entries stays.
CREATE TRIGGER merchants_keep BEFORE DELETE ON merchants
WHEN EXISTS (SELECT 1 FROM ledger_entries WHERE bucket = OLD.bucket AND merchant_id = OLD.id)
BEGIN
    SELECT RAISE(ABORT, 'a merchant with ledger entries cannot be deleted');
END;
CREATE TRIGGER merchants_same_id BEFORE UPDATE ON merchants
WHEN (OLD.bucket, OLD.id) IS NOT (NEW.bucket, NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'a merchant keeps its id');
END;
