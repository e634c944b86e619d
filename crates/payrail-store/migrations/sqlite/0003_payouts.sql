CREATE TABLE payouts (
    bucket          INTEGER NOT NULL,
    merchant_id     BLOB    NOT NULL CHECK (length(merchant_id) = 16),
    id              BLOB    NOT NULL CHECK (length(id) = 16),
    amount_paise    INTEGER NOT NULL CHECK (amount_paise >= 1),
    bank_account_id TEXT    NOT NULL CHECK (length(bank_account_id) BETWEEN 1 AND 255),
    status          TEXT    NOT NULL,
    attempts        INTEGER NOT NULL CHECK (attempts >= 0),   -- submissions that may have reached the bank
    calls           INTEGER NOT NULL CHECK (calls >= 0),      -- the newest attempt's number, the fencing token
    unanswered      INTEGER NOT NULL CHECK (unanswered >= 0), -- calls without an answer, for the next wait
    step            TEXT    CHECK (step IN ('submit', 'enquire', 'close')),
    due_at          INTEGER,                                  -- the next step's time, or the lease's end
    leased_by       TEXT,
    doubt_since     INTEGER,
    doubt_reason    TEXT,
    utr             TEXT,
    reason          TEXT,                                     -- why it failed or was returned
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    PRIMARY KEY (bucket, merchant_id, id),
    -- Each status carries its evidence, and only a payout under way is due.
    CHECK (CASE status
        WHEN 'pending'    THEN due_at IS NOT NULL AND step IS NULL AND leased_by IS NULL
        WHEN 'processing' THEN due_at IS NOT NULL AND step IS NOT NULL
        WHEN 'completed'  THEN due_at IS NULL AND utr IS NOT NULL
        WHEN 'failed'     THEN due_at IS NULL AND reason IS NOT NULL
        WHEN 'cancelled'  THEN due_at IS NULL AND calls = 0
        WHEN 'returned'   THEN due_at IS NULL AND utr IS NOT NULL AND reason IS NOT NULL
        ELSE false END),
    CHECK ((doubt_since IS NULL) = (doubt_reason IS NULL))
) STRICT, WITHOUT ROWID;

-- The work list: as short as the work, however long the history.
CREATE INDEX payouts_due ON payouts (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX payouts_in_doubt ON payouts (doubt_since) WHERE doubt_since IS NOT NULL;

-- The legal steps, as core::payout::Status::STEPS has them.
CREATE TRIGGER payouts_begin_pending BEFORE INSERT ON payouts
WHEN NEW.status <> 'pending'
BEGIN
    SELECT RAISE(ABORT, 'a payout begins as pending');
END;
CREATE TRIGGER payouts_no_replace BEFORE INSERT ON payouts
WHEN EXISTS (SELECT 1 FROM payouts WHERE bucket = NEW.bucket AND merchant_id = NEW.merchant_id AND id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'a payout is never replaced');
END;
CREATE TRIGGER payouts_legal_steps BEFORE UPDATE ON payouts
WHEN (OLD.status, NEW.status) NOT IN (VALUES
    ('pending', 'processing'), ('pending', 'cancelled'), ('processing', 'processing'),
    ('processing', 'completed'), ('processing', 'failed'), ('completed', 'returned'))
BEGIN
    SELECT RAISE(ABORT, 'this is not a legal step of a payout''s life');
END;
CREATE TRIGGER payouts_same_order BEFORE UPDATE ON payouts
WHEN (OLD.bucket, OLD.merchant_id, OLD.id, OLD.amount_paise, OLD.bank_account_id, OLD.created_at)
    IS NOT (NEW.bucket, NEW.merchant_id, NEW.id, NEW.amount_paise, NEW.bank_account_id, NEW.created_at)
    OR NEW.calls < OLD.calls
BEGIN
    SELECT RAISE(ABORT, 'what a payout is for never changes, and its calls only grow');
END;
CREATE TRIGGER payouts_kept BEFORE DELETE ON payouts
BEGIN
    SELECT RAISE(ABORT, 'a payout is never deleted');
END;

-- One call to the bank each: opened with the claim, closed with the report. One that stays open
-- belongs to a worker that died; the next attempt asks what became of it.
CREATE TABLE attempts (
    bucket      INTEGER NOT NULL,
    merchant_id BLOB    NOT NULL,
    payout_id   BLOB    NOT NULL,
    number      INTEGER NOT NULL CHECK (number >= 1),
    step        TEXT    NOT NULL CHECK (step IN ('submit', 'enquire', 'close')),
    worker      TEXT    NOT NULL,
    started_at  INTEGER NOT NULL,
    outcome     TEXT,
    sent        TEXT,
    received    TEXT,
    ended_at    INTEGER,
    PRIMARY KEY (bucket, merchant_id, payout_id, number)
) STRICT, WITHOUT ROWID;
-- (That its number stays also keeps UPDATE OR REPLACE from putting it in another's place.)
CREATE TRIGGER attempts_end_once BEFORE UPDATE ON attempts
WHEN OLD.outcome IS NOT NULL
    OR (OLD.bucket, OLD.merchant_id, OLD.payout_id, OLD.number, OLD.step, OLD.worker, OLD.started_at)
    IS NOT (NEW.bucket, NEW.merchant_id, NEW.payout_id, NEW.number, NEW.step, NEW.worker, NEW.started_at)
BEGIN
    SELECT RAISE(ABORT, 'an attempt ends once, and nothing else of it changes');
END;
CREATE TRIGGER attempts_no_replace BEFORE INSERT ON attempts
WHEN EXISTS (SELECT 1 FROM attempts WHERE bucket = NEW.bucket AND merchant_id = NEW.merchant_id
             AND payout_id = NEW.payout_id AND number = NEW.number)
BEGIN
    SELECT RAISE(ABORT, 'an attempt is never replaced');
END;
CREATE TRIGGER attempts_kept BEFORE DELETE ON attempts
BEGIN
    SELECT RAISE(ABORT, 'an attempt is never deleted');
END;
