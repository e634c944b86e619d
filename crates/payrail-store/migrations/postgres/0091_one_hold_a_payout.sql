-- A payout is held once, settled or refunded once (never both), and returned once: one index for the three.
CREATE UNIQUE INDEX ledger_once ON ledger_entries
    (bucket, merchant_id, payout_id, (CASE kind WHEN 'hold' THEN 1 WHEN 'return' THEN 3 ELSE 2 END))
    WHERE payout_id IS NOT NULL;
DROP INDEX ledger_one_outcome;
DROP INDEX ledger_one_return;

-- The chain as before. And a book belongs to a merchant: only its first entry has to look, as each other entry follows
-- from one, and a merchant with entries stays. The merchant's row is locked, so that nobody deletes it meanwhile.
CREATE OR REPLACE FUNCTION ledger_chain() RETURNS trigger LANGUAGE plpgsql
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
    IF EXISTS (SELECT FROM fresh WHERE seq = 1) THEN
        PERFORM FROM merchants m WHERE (m.bucket, m.id) IN (SELECT f.bucket, f.merchant_id FROM fresh f WHERE f.seq = 1)
            FOR KEY SHARE;
        IF EXISTS (SELECT FROM fresh f WHERE f.seq = 1
                   AND NOT EXISTS (SELECT FROM merchants m WHERE m.bucket = f.bucket AND m.id = f.merchant_id)) THEN
            RAISE EXCEPTION 'a ledger belongs to a merchant' USING ERRCODE = 'foreign_key_violation';
        END IF;
    END IF;
    RETURN NULL;
END $$;
