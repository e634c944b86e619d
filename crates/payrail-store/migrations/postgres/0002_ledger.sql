-- The append-only ledger. The merchant's newest entry holds the balances; nothing else does.
CREATE TABLE ledger_entries (
    bucket          smallint    NOT NULL,
    merchant_id     uuid        NOT NULL,
    seq             bigint      NOT NULL CHECK (seq >= 1),
    kind            text        NOT NULL CHECK (kind IN ('fund', 'hold', 'settle', 'refund', 'return')),
    amount_paise    bigint      NOT NULL CHECK (amount_paise >= 1),
    available_after bigint      NOT NULL CHECK (available_after >= 0),
    held_after      bigint      NOT NULL CHECK (held_after >= 0),
    payout_id       uuid,
    description     text,
    created_at      timestamptz NOT NULL,
    PRIMARY KEY (bucket, merchant_id, seq),
    CHECK ((kind = 'fund') = (payout_id IS NULL))
);

-- A payout is settled or refunded, never both, never twice; and returned once at the most.
CREATE UNIQUE INDEX ledger_one_outcome ON ledger_entries (bucket, merchant_id, payout_id)
    WHERE kind IN ('settle', 'refund');
CREATE UNIQUE INDEX ledger_one_return ON ledger_entries (bucket, merchant_id, payout_id)
    WHERE kind = 'return';

-- The chain: each entry's balances follow from its predecessor's, so that money cannot be forged
-- even past the program. One check a statement, not a row: a batch pays for it once.
--
-- search_path: a caller's temporary table must not stand in for the ledger. enable_seqscan: the plan is
-- cached, and one made on a small table must not outlive its size.
CREATE FUNCTION ledger_chain() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp
    SET enable_seqscan = off
AS $$
DECLARE
    broken record;
BEGIN
    SELECT f.merchant_id, f.seq INTO broken
    FROM fresh f
    LEFT JOIN LATERAL (
        SELECT p.seq, p.available_after, p.held_after
        FROM ledger_entries p
        WHERE p.bucket = f.bucket AND p.merchant_id = f.merchant_id AND p.seq = f.seq - 1
        LIMIT 1
    ) p ON true
    WHERE (p.seq IS NULL AND f.seq <> 1)
       OR f.available_after <> coalesce(p.available_after, 0)
          + CASE f.kind WHEN 'settle' THEN 0 WHEN 'hold' THEN -f.amount_paise ELSE f.amount_paise END
       OR f.held_after <> coalesce(p.held_after, 0)
          + CASE f.kind WHEN 'hold' THEN f.amount_paise
                        WHEN 'settle' THEN -f.amount_paise
                        WHEN 'refund' THEN -f.amount_paise
                        ELSE 0 END
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'ledger entry % of merchant % does not follow from the one before it',
            broken.seq, broken.merchant_id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER ledger_chain AFTER INSERT ON ledger_entries
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION ledger_chain();
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE ON ledger_entries
    FOR EACH ROW EXECUTE FUNCTION refuse('the ledger is append-only: correct it with a new entry');
CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON ledger_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse('the ledger is append-only: correct it with a new entry');

-- A merchant with entries stays. A transaction on a snapshot could miss the entries that were
-- written after it began.
CREATE FUNCTION keep_merchant() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp
AS $$
BEGIN
    IF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
        RAISE EXCEPTION 'a merchant is deleted in READ COMMITTED only'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF EXISTS (SELECT FROM ledger_entries WHERE bucket = OLD.bucket AND merchant_id = OLD.id) THEN
        RAISE EXCEPTION 'merchant % has ledger entries and cannot be deleted', OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN OLD;
END $$;

CREATE TRIGGER merchants_keep BEFORE DELETE ON merchants FOR EACH ROW EXECUTE FUNCTION keep_merchant();
CREATE TRIGGER merchants_same_id BEFORE UPDATE ON merchants FOR EACH ROW
    WHEN ((OLD.bucket, OLD.id) IS DISTINCT FROM (NEW.bucket, NEW.id))
    EXECUTE FUNCTION refuse('a merchant keeps its id');
CREATE TRIGGER merchants_no_truncate BEFORE TRUNCATE ON merchants
    FOR EACH STATEMENT EXECUTE FUNCTION refuse('a merchant with ledger entries cannot be deleted');
