-- A payout's entry is looked for upwards from (payout, kind), in order: only the index `ledger_once` gives that without a
-- sort. By equality alone, a table without statistics made PostgreSQL read the merchant's whole book by the primary key.
CREATE OR REPLACE FUNCTION payouts_tied() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp
    SET enable_seqscan = off
    SET enable_sort = off
    SET enable_incremental_sort = off
AS $$
DECLARE
    broken uuid;
BEGIN
    SELECT f.id INTO broken
    FROM fresh f
    LEFT JOIN LATERAL (
        SELECT e.payout_id, e.kind, e.amount_paise FROM ledger_entries e
        WHERE e.bucket = f.bucket AND e.merchant_id = f.merchant_id AND e.payout_id IS NOT NULL
          AND (e.payout_id, CASE e.kind WHEN 'hold' THEN 1 WHEN 'return' THEN 3 ELSE 2 END)
            >= (f.id, CASE f.status WHEN 'pending' THEN 1 WHEN 'returned' THEN 3 ELSE 2 END)
        ORDER BY e.payout_id, CASE e.kind WHEN 'hold' THEN 1 WHEN 'return' THEN 3 ELSE 2 END
        LIMIT 1
    ) e ON f.status <> 'processing'
    WHERE f.status <> 'processing'
      AND (e.payout_id IS DISTINCT FROM f.id
           OR e.amount_paise <> f.amount_paise
           OR e.kind <> CASE f.status WHEN 'pending' THEN 'hold' WHEN 'completed' THEN 'settle'
                                      WHEN 'returned' THEN 'return' ELSE 'refund' END)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'payout % does not have the ledger entry of its status', broken
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
