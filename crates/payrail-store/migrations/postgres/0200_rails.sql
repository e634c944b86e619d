-- Each payout names its rail. Each attempt names the bank that it is meant for, and each payout the bank that it was
-- submitted to: it must never be sent to another one.
-- (Citus takes a constraint only by itself and with a name. No row that exists can break one.)
ALTER TABLE payouts ADD COLUMN rail text NOT NULL DEFAULT 'bank';
ALTER TABLE payouts ADD CONSTRAINT payouts_rail_is_a_name CHECK (rail ~ '^[a-z0-9-]{1,20}$') NOT VALID;
ALTER TABLE payouts ADD COLUMN bank text;
ALTER TABLE payouts ADD CONSTRAINT payouts_bank_is_a_name CHECK (bank <> '') NOT VALID;
ALTER TABLE attempts ADD COLUMN bank text;
ALTER TABLE attempts ADD CONSTRAINT attempts_bank_is_a_name CHECK (bank <> '') NOT VALID;
-- What is under way was sent to the bank that is remembered. (No state changes, so no rule has to be checked.)
ALTER TABLE payouts DISABLE TRIGGER USER;
UPDATE payouts SET bank = (SELECT value FROM settings WHERE name = 'bank_identity')
    WHERE due_at IS NOT NULL AND status = 'processing' AND submissions > 0;
ALTER TABLE payouts ENABLE TRIGGER USER;
-- So was what ended before this version, which names no bank.
INSERT INTO settings (name, value) SELECT 'bank_of_old_payouts', value FROM settings WHERE name = 'bank_identity'
    ON CONFLICT (name) DO NOTHING;
CREATE TRIGGER payouts_same_rail BEFORE UPDATE ON payouts FOR EACH ROW
    WHEN (OLD.rail <> NEW.rail)
    EXECUTE FUNCTION refuse('a payout stays on its rail');
CREATE TRIGGER attempts_same_bank BEFORE UPDATE ON attempts FOR EACH ROW
    WHEN (OLD.bank IS DISTINCT FROM NEW.bank)
    EXECUTE FUNCTION refuse('an attempt is meant for one bank');
