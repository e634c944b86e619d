-- Foreign keys within a merchant's bucket, and a payout's status tied to the ledger. One check a statement: a foreign
-- key of PostgreSQL's own is a check a row, and locks each row that it finds. What is found here is never deleted.

-- A payout begins with its hold, and ends with the entry of its end. The store writes the entries first.
CREATE FUNCTION payouts_tied() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp
    SET enable_seqscan = off
AS $$
DECLARE
    broken uuid;
BEGIN
    SELECT f.id INTO broken
    FROM fresh f
    LEFT JOIN LATERAL (
        SELECT e.kind, e.amount_paise FROM ledger_entries e
        WHERE e.bucket = f.bucket AND e.merchant_id = f.merchant_id AND e.payout_id = f.id
          AND CASE e.kind WHEN 'hold' THEN 1 WHEN 'return' THEN 3 ELSE 2 END
            = CASE f.status WHEN 'pending' THEN 1 WHEN 'returned' THEN 3 ELSE 2 END
        LIMIT 1
    ) e ON f.status <> 'processing'
    WHERE f.status <> 'processing'
      AND (e.amount_paise IS DISTINCT FROM f.amount_paise
           OR e.kind <> CASE f.status WHEN 'pending' THEN 'hold' WHEN 'completed' THEN 'settle'
                                      WHEN 'returned' THEN 'return' ELSE 'refund' END)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'payout % does not have the ledger entry of its status', broken
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER payouts_held AFTER INSERT ON payouts
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION payouts_tied();
CREATE TRIGGER payouts_ended AFTER UPDATE ON payouts
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION payouts_tied();

-- The other way round, at the end of the transaction, as the payout's step comes after its entry: an end in the ledger
-- is an end of the payout.
CREATE FUNCTION ledger_tied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM public.payouts p
        WHERE p.bucket = NEW.bucket AND p.merchant_id = NEW.merchant_id AND p.id = NEW.payout_id
          AND p.amount_paise = NEW.amount_paise
          AND CASE NEW.kind WHEN 'settle' THEN p.status IN ('completed', 'returned')
                            WHEN 'refund' THEN p.status IN ('failed', 'cancelled') ELSE p.status = 'returned' END;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'ledger entry % of merchant % does not fit its payout', NEW.seq, NEW.merchant_id
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_tied AFTER INSERT ON ledger_entries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.kind IN ('settle', 'refund', 'return'))
    EXECUTE FUNCTION ledger_tied();

-- An attempt is a payout's, and the payout has counted it.
CREATE FUNCTION attempts_tied() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp
    SET enable_seqscan = off
AS $$
BEGIN
    IF EXISTS (
        SELECT FROM fresh f
        LEFT JOIN LATERAL (
            SELECT p.attempts FROM payouts p
            WHERE p.bucket = f.bucket AND p.merchant_id = f.merchant_id AND p.id = f.payout_id LIMIT 1
        ) p ON true
        WHERE p.attempts IS NULL OR p.attempts < f.number)
    THEN
        RAISE EXCEPTION 'an attempt belongs to a payout that has counted it' USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER attempts_tied AFTER INSERT ON attempts
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION attempts_tied();

-- What the bank returned, and what does not fit, is about a payout that exists, or about none.
CREATE FUNCTION payout_exists() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM payouts p
                   WHERE p.bucket = NEW.bucket AND p.merchant_id = NEW.merchant_id AND p.id = NEW.payout_id) THEN
        RAISE EXCEPTION 'payout % does not exist', NEW.payout_id USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bank_returns_payout BEFORE INSERT ON bank_returns FOR EACH ROW
    WHEN (NEW.payout_id IS NOT NULL) EXECUTE FUNCTION payout_exists();
CREATE TRIGGER exceptions_payout BEFORE INSERT ON exceptions FOR EACH ROW
    WHEN (NEW.payout_id IS NOT NULL) EXECUTE FUNCTION payout_exists();
