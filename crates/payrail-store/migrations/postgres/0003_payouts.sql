CREATE TABLE payouts (
    bucket          smallint    NOT NULL,
    merchant_id     uuid        NOT NULL,
    id              uuid        NOT NULL,
    amount_paise    bigint      NOT NULL CHECK (amount_paise >= 1),
    bank_account_id text        NOT NULL CHECK (char_length(bank_account_id) BETWEEN 1 AND 255),
    status          text        NOT NULL,
    attempts        integer     NOT NULL CHECK (attempts >= 0),   -- submissions that may have reached the bank
    calls           integer     NOT NULL CHECK (calls >= 0),      -- the newest attempt's number, the fencing token
    unanswered      integer     NOT NULL CHECK (unanswered >= 0), -- calls without an answer, for the next wait
    step            text        CHECK (step IN ('submit', 'enquire', 'close')),
    due_at          timestamptz,                                  -- the next step's time, or the lease's end
    leased_by       text,
    doubt_since     timestamptz,
    doubt_reason    text,
    utr             text,
    reason          text,                                         -- why it failed or was returned
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
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
);

-- The work list: as short as the work, however long the history.
CREATE INDEX payouts_due ON payouts (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX payouts_in_doubt ON payouts (doubt_since) WHERE doubt_since IS NOT NULL;

-- The legal steps, as core::payout::Status::STEPS has them. The conditions are evaluated inline:
-- a legal step calls no function.
CREATE TRIGGER payouts_begin_pending BEFORE INSERT ON payouts FOR EACH ROW
    WHEN (NEW.status <> 'pending')
    EXECUTE FUNCTION refuse('a payout begins as pending');
CREATE TRIGGER payouts_legal_steps BEFORE UPDATE ON payouts FOR EACH ROW
    WHEN ((OLD.status, NEW.status) NOT IN (
        ('pending', 'processing'), ('pending', 'cancelled'), ('processing', 'processing'),
        ('processing', 'completed'), ('processing', 'failed'), ('completed', 'returned')))
    EXECUTE FUNCTION refuse('this is not a legal step of a payout''s life');
CREATE TRIGGER payouts_same_order BEFORE UPDATE ON payouts FOR EACH ROW
    WHEN ((OLD.bucket, OLD.merchant_id, OLD.id, OLD.amount_paise, OLD.bank_account_id, OLD.created_at)
        IS DISTINCT FROM (NEW.bucket, NEW.merchant_id, NEW.id, NEW.amount_paise, NEW.bank_account_id, NEW.created_at)
        OR NEW.calls < OLD.calls)
    EXECUTE FUNCTION refuse('what a payout is for never changes, and its calls only grow');
CREATE TRIGGER payouts_kept BEFORE DELETE ON payouts
    FOR EACH ROW EXECUTE FUNCTION refuse('a payout is never deleted');
CREATE TRIGGER payouts_no_truncate BEFORE TRUNCATE ON payouts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse('a payout is never deleted');

-- One call to the bank each: opened with the claim, closed with the report. One that stays open
-- belongs to a worker that died; the next attempt asks what became of it.
CREATE TABLE attempts (
    bucket      smallint    NOT NULL,
    merchant_id uuid        NOT NULL,
    payout_id   uuid        NOT NULL,
    number      integer     NOT NULL CHECK (number >= 1),
    step        text        NOT NULL CHECK (step IN ('submit', 'enquire', 'close')),
    worker      text        NOT NULL,
    started_at  timestamptz NOT NULL,
    outcome     text,
    sent        text,
    received    text,
    ended_at    timestamptz,
    PRIMARY KEY (bucket, merchant_id, payout_id, number)
);
CREATE TRIGGER attempts_end_once BEFORE UPDATE ON attempts FOR EACH ROW
    WHEN (OLD.outcome IS NOT NULL
        OR (OLD.bucket, OLD.merchant_id, OLD.payout_id, OLD.number, OLD.step, OLD.worker, OLD.started_at)
        IS DISTINCT FROM (NEW.bucket, NEW.merchant_id, NEW.payout_id, NEW.number, NEW.step, NEW.worker, NEW.started_at))
    EXECUTE FUNCTION refuse('an attempt ends once, and nothing else of it changes');
CREATE TRIGGER attempts_kept BEFORE DELETE ON attempts
    FOR EACH ROW EXECUTE FUNCTION refuse('an attempt is never deleted');
CREATE TRIGGER attempts_no_truncate BEFORE TRUNCATE ON attempts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse('an attempt is never deleted');
