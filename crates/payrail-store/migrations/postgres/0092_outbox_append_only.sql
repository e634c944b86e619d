-- The outbox is append-only and gapless, and each event names what it tells of. Rows that were written before are not
-- looked at again (NOT VALID).
ALTER TABLE outbox ADD CONSTRAINT outbox_possible CHECK (CASE
    WHEN kind IN ('payout.pending', 'payout.completed', 'payout.failed', 'payout.cancelled', 'payout.returned')
        THEN payout_id IS NOT NULL AND entry_seq IS NOT NULL
    WHEN kind IN ('payout.processing', 'payout.in_doubt') THEN payout_id IS NOT NULL AND entry_seq IS NULL
    ELSE kind = 'balance.funded' AND payout_id IS NULL AND entry_seq IS NOT NULL
    END) NOT VALID;

-- One check a statement, as for the ledger.
CREATE FUNCTION outbox_chain() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp
    SET enable_seqscan = off
AS $$
DECLARE
    broken record;
BEGIN
    SELECT f.merchant_id, f.seq INTO broken
    FROM fresh f
    LEFT JOIN LATERAL (
        SELECT o.seq FROM outbox o
        WHERE o.bucket = f.bucket AND o.merchant_id = f.merchant_id AND o.seq = f.seq - 1
        LIMIT 1
    ) o ON true
    LEFT JOIN LATERAL (
        SELECT e.kind, e.payout_id FROM ledger_entries e
        WHERE e.bucket = f.bucket AND e.merchant_id = f.merchant_id AND e.seq = f.entry_seq
        LIMIT 1
    ) e ON f.entry_seq IS NOT NULL
    WHERE (o.seq IS NULL AND f.seq <> 1)
       OR (f.entry_seq IS NOT NULL
           AND (e.payout_id IS DISTINCT FROM f.payout_id
                OR e.kind IS DISTINCT FROM CASE f.kind
                    WHEN 'payout.pending' THEN 'hold' WHEN 'payout.completed' THEN 'settle'
                    WHEN 'payout.failed' THEN 'refund' WHEN 'payout.cancelled' THEN 'refund'
                    WHEN 'payout.returned' THEN 'return' ELSE 'fund' END))
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'event % of merchant % does not follow from the one before it, or does not fit its ledger entry',
            broken.seq, broken.merchant_id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER outbox_chain AFTER INSERT ON outbox
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION outbox_chain();
CREATE TRIGGER outbox_append_only BEFORE UPDATE OR DELETE ON outbox
    FOR EACH ROW EXECUTE FUNCTION refuse('the outbox is append-only');
CREATE TRIGGER outbox_no_truncate BEFORE TRUNCATE ON outbox
    FOR EACH STATEMENT EXECUTE FUNCTION refuse('the outbox is append-only');
