-- Each payout names its rail. Each attempt names the bank that it is meant for, and each payout the bank that it was
-- submitted to: it must never be sent to another one.
ALTER TABLE payouts ADD COLUMN rail TEXT NOT NULL DEFAULT 'bank'
    CHECK (length(rail) BETWEEN 1 AND 20 AND rail NOT GLOB '*[^a-z0-9-]*');
ALTER TABLE payouts ADD COLUMN bank TEXT CHECK (bank <> '');
ALTER TABLE attempts ADD COLUMN bank TEXT CHECK (bank <> '');
-- What is under way was sent to the bank that is remembered.
UPDATE payouts SET bank = (SELECT value FROM settings WHERE name = 'bank_identity')
    WHERE due_at IS NOT NULL AND status = 'processing' AND submissions > 0;
-- So was what ended before this version, which names no bank.
INSERT INTO settings (name, value) SELECT 'bank_of_old_payouts', value FROM settings WHERE name = 'bank_identity'
    ON CONFLICT (name) DO NOTHING;
CREATE TRIGGER payouts_same_rail BEFORE UPDATE ON payouts
WHEN OLD.rail <> NEW.rail
BEGIN
    SELECT RAISE(ABORT, 'a payout stays on its rail');
END;
CREATE TRIGGER attempts_same_bank BEFORE UPDATE ON attempts
WHEN OLD.bank IS NOT NEW.bank
BEGIN
    SELECT RAISE(ABORT, 'an attempt is meant for one bank');
END;
