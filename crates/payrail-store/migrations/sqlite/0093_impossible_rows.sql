-- Rows that the program never writes. Those that were written before are not looked at again. (Triggers, as SQLite adds
-- no CHECK to a table that exists; a condition that is unknown refuses.)
-- What has not begun has no history; what has ended has no next step, no lease and no doubt; each end has its own
-- evidence and no other.
CREATE TRIGGER payouts_possible BEFORE INSERT ON payouts
WHEN (NEW.submissions <= NEW.attempts AND CASE NEW.status
        WHEN 'pending'    THEN NEW.attempts = 0 AND NEW.doubt_since IS NULL AND NEW.utr IS NULL AND NEW.reason IS NULL
        WHEN 'processing' THEN NEW.attempts >= 1 AND NEW.utr IS NULL AND NEW.reason IS NULL
        ELSE NEW.step IS NULL AND NEW.leased_by IS NULL AND NEW.doubt_since IS NULL
             AND (NEW.attempts >= 1) = (NEW.status <> 'cancelled')
             AND (NEW.utr IS NOT NULL) = (NEW.status IN ('completed', 'returned'))
             AND (NEW.reason IS NOT NULL) = (NEW.status IN ('failed', 'returned'))
        END) IS NOT TRUE
BEGIN
    SELECT RAISE(ABORT, 'a payout cannot be like this');
END;
CREATE TRIGGER payouts_possible_still BEFORE UPDATE ON payouts
WHEN (NEW.submissions <= NEW.attempts AND CASE NEW.status
        WHEN 'pending'    THEN NEW.attempts = 0 AND NEW.doubt_since IS NULL AND NEW.utr IS NULL AND NEW.reason IS NULL
        WHEN 'processing' THEN NEW.attempts >= 1 AND NEW.utr IS NULL AND NEW.reason IS NULL
        ELSE NEW.step IS NULL AND NEW.leased_by IS NULL AND NEW.doubt_since IS NULL
             AND (NEW.attempts >= 1) = (NEW.status <> 'cancelled')
             AND (NEW.utr IS NOT NULL) = (NEW.status IN ('completed', 'returned'))
             AND (NEW.reason IS NOT NULL) = (NEW.status IN ('failed', 'returned'))
        END) IS NOT TRUE
BEGIN
    SELECT RAISE(ABORT, 'a payout cannot be like this');
END;
CREATE TRIGGER attempts_possible BEFORE INSERT ON attempts
WHEN (CASE WHEN NEW.outcome IS NULL
        THEN NEW.ended_at IS NULL AND NEW.sent IS NULL AND NEW.received IS NULL
        ELSE NEW.outcome IN ('paid', 'refused', 'never_received', 'closed', 'no_answer', 'unreachable', 'released')
             AND NEW.ended_at >= NEW.started_at AND NEW.sent IS NOT NULL AND NEW.received IS NOT NULL
        END) IS NOT TRUE
BEGIN
    SELECT RAISE(ABORT, 'an attempt cannot be like this');
END;
CREATE TRIGGER attempts_possible_still BEFORE UPDATE ON attempts
WHEN (CASE WHEN NEW.outcome IS NULL
        THEN NEW.ended_at IS NULL AND NEW.sent IS NULL AND NEW.received IS NULL
        ELSE NEW.outcome IN ('paid', 'refused', 'never_received', 'closed', 'no_answer', 'unreachable', 'released')
             AND NEW.ended_at >= NEW.started_at AND NEW.sent IS NOT NULL AND NEW.received IS NOT NULL
        END) IS NOT TRUE
BEGIN
    SELECT RAISE(ABORT, 'an attempt cannot be like this');
END;
-- What is kept for ever did what was asked for; what expires is a refusal.
CREATE TRIGGER idempotency_possible BEFORE INSERT ON idempotency_records
WHEN (NEW.body <> '' AND CASE WHEN NEW.expires_at IS NULL
        THEN NEW.status BETWEEN 200 AND 299 ELSE NEW.status BETWEEN 400 AND 499 END) IS NOT TRUE
BEGIN
    SELECT RAISE(ABORT, 'an answer that is kept cannot be like this');
END;
CREATE TRIGGER idempotency_possible_still BEFORE UPDATE ON idempotency_records
WHEN (NEW.body <> '' AND CASE WHEN NEW.expires_at IS NULL
        THEN NEW.status BETWEEN 200 AND 299 ELSE NEW.status BETWEEN 400 AND 499 END) IS NOT TRUE
BEGIN
    SELECT RAISE(ABORT, 'an answer that is kept cannot be like this');
END;
CREATE TRIGGER exceptions_kinds BEFORE INSERT ON exceptions
WHEN (NEW.kind IN ('return_other_amount', 'return_other_utr', 'return_of_unpaid', 'return_again',
        'return_unknown_reference', 'return_unreadable', 'returns_missing', 'duplicate_utr')) IS NOT TRUE
BEGIN
    SELECT RAISE(ABORT, 'there is no such kind of exception');
END;
