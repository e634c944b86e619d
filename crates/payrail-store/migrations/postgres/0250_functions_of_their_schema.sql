-- The functions of triggers look in the schema that their tables are in. They looked in `public`, so in any other schema no
-- payout was accepted. (A schema that is named cannot be covered by a caller's temporary tables.)
-- blocks writers: no, it only changes functions, and locks no table.
DO $do$
DECLARE
    function text;
BEGIN
    FOREACH function IN ARRAY ARRAY['ledger_chain', 'keep_merchant', 'credit_fits', 'outbox_chain', 'payouts_tied',
                                    'attempts_tied', 'payout_exists'] LOOP
        EXECUTE format('ALTER FUNCTION %I() SET search_path = %I, pg_temp', function, current_schema());
    END LOOP;
    -- It is called for each row, so it has no setting of its own.
    EXECUTE format($create$
        CREATE OR REPLACE FUNCTION ledger_tied() RETURNS trigger LANGUAGE plpgsql AS $function$
        BEGIN
            PERFORM FROM %I.payouts p
                WHERE p.bucket = NEW.bucket AND p.merchant_id = NEW.merchant_id AND p.id = NEW.payout_id
                  AND p.amount_paise = NEW.amount_paise
                  AND CASE NEW.kind WHEN 'settle' THEN p.status IN ('completed', 'returned')
                                    WHEN 'refund' THEN p.status IN ('failed', 'cancelled')
                                    ELSE p.status = 'returned' END;
            IF NOT FOUND THEN
                RAISE EXCEPTION 'ledger entry %% of merchant %% does not fit its payout', NEW.seq, NEW.merchant_id
                    USING ERRCODE = 'foreign_key_violation';
            END IF;
            RETURN NULL;
        END $function$
    $create$, current_schema());
END $do$;
