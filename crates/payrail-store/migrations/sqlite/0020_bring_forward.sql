-- A pending payout may be brought forward: a wrong clock may have made it due far in the future. Its due time may only
-- become earlier.
DROP TRIGGER payouts_legal_steps;
CREATE TRIGGER payouts_legal_steps BEFORE UPDATE ON payouts
WHEN (OLD.status, NEW.status) NOT IN (VALUES
    ('pending', 'pending'), ('pending', 'processing'), ('pending', 'cancelled'), ('processing', 'processing'),
    ('processing', 'completed'), ('processing', 'failed'), ('completed', 'returned'))
BEGIN
    SELECT RAISE(ABORT, 'this is not a legal step of a payout''s life');
END;
CREATE TRIGGER payouts_only_forward BEFORE UPDATE ON payouts
WHEN OLD.status = 'pending' AND NEW.status = 'pending' AND NEW.due_at > OLD.due_at
BEGIN
    SELECT RAISE(ABORT, 'a pending payout can be brought forward only');
END;
