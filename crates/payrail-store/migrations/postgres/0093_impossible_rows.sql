-- Rows that the program never writes. Those that were written before are not looked at again (NOT VALID).
ALTER TABLE payouts ADD CONSTRAINT payouts_submissions_are_attempts CHECK (submissions <= attempts) NOT VALID;
-- What has not begun has no history; what has ended has no next step, no lease and no doubt; each end has its own
-- evidence and no other. (Citus takes one constraint a statement.)
ALTER TABLE payouts ADD CONSTRAINT payouts_possible CHECK (CASE status
        WHEN 'pending'    THEN attempts = 0 AND doubt_since IS NULL AND utr IS NULL AND reason IS NULL
        WHEN 'processing' THEN attempts >= 1 AND utr IS NULL AND reason IS NULL
        ELSE step IS NULL AND leased_by IS NULL AND doubt_since IS NULL
             AND (attempts >= 1) = (status <> 'cancelled')
             AND (utr IS NOT NULL) = (status IN ('completed', 'returned'))
             AND (reason IS NOT NULL) = (status IN ('failed', 'returned'))
        END) NOT VALID;
ALTER TABLE attempts
    ADD CONSTRAINT attempts_possible CHECK (CASE WHEN outcome IS NULL
        THEN ended_at IS NULL AND sent IS NULL AND received IS NULL
        ELSE outcome IN ('paid', 'refused', 'never_received', 'closed', 'no_answer', 'unreachable', 'released')
             AND ended_at IS NOT NULL AND ended_at >= started_at AND sent IS NOT NULL AND received IS NOT NULL
        END) NOT VALID;
-- What is kept for ever did what was asked for; what expires is a refusal.
ALTER TABLE idempotency_records
    ADD CONSTRAINT idempotency_possible CHECK (body <> '' AND CASE WHEN expires_at IS NULL
        THEN status BETWEEN 200 AND 299 ELSE status BETWEEN 400 AND 499 END) NOT VALID;
ALTER TABLE exceptions
    ADD CONSTRAINT exceptions_kinds CHECK (kind IN ('return_other_amount', 'return_other_utr', 'return_of_unpaid',
        'return_again', 'return_unknown_reference', 'return_unreadable', 'returns_missing', 'duplicate_utr')) NOT VALID;
