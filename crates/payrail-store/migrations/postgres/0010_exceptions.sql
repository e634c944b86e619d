-- Which payouts the bank paid under a UTR: a UTR that two payouts have is an exception.
CREATE INDEX IF NOT EXISTS payouts_by_utr ON payouts (utr) WHERE utr IS NOT NULL;

-- The lines of the bank's list of returns, each once: what became of it, or that it waits. The id follows from the
-- line's facts. What names no payout of ours lies under the nil UUID, in that id's bucket.
CREATE TABLE bank_returns (
    bucket        smallint    NOT NULL,
    merchant_id   uuid        NOT NULL,
    id            uuid        NOT NULL,
    number        bigint      NOT NULL,                         -- the line's place in the bank's list
    reference     text        NOT NULL,
    payout_id     uuid,
    amount_paise  bigint      NOT NULL,                         -- what the bank stated, right or wrong
    utr           text        NOT NULL,
    reason        text        NOT NULL,
    status        text        NOT NULL CHECK (status IN ('waiting', 'credited', 'exception')),
    waits_for     text,                                         -- why it could not be applied yet, for people
    tries         integer     NOT NULL CHECK (tries >= 0),
    next_try_at   timestamptz,
    first_seen_at timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    PRIMARY KEY (bucket, merchant_id, id),
    CHECK ((status = 'waiting') = (next_try_at IS NOT NULL)),
    CHECK ((status = 'waiting') = (waits_for IS NOT NULL)),
    CHECK (status = 'exception' OR payout_id IS NOT NULL)
);
-- The work list of those that wait.
CREATE INDEX bank_returns_waiting ON bank_returns (next_try_at) WHERE next_try_at IS NOT NULL;
-- A payout's return is credited once.
CREATE UNIQUE INDEX bank_returns_one_credit ON bank_returns (bucket, merchant_id, payout_id)
    WHERE status = 'credited';

-- A return credits exactly what the payout paid, under the UTR that it was paid under.
CREATE FUNCTION credit_fits() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM payouts p
        WHERE p.bucket = NEW.bucket AND p.merchant_id = NEW.merchant_id AND p.id = NEW.payout_id
          AND p.status = 'returned' AND p.amount_paise = NEW.amount_paise AND p.utr = NEW.utr)
    THEN
        RAISE EXCEPTION 'a return is credited only if its amount and UTR are those of a returned payout'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bank_returns_credit_fits BEFORE INSERT OR UPDATE ON bank_returns FOR EACH ROW
    WHEN (NEW.status = 'credited')
    EXECUTE FUNCTION credit_fits();
CREATE TRIGGER bank_returns_end_once BEFORE UPDATE ON bank_returns FOR EACH ROW
    WHEN (OLD.status <> 'waiting'
        OR (OLD.bucket, OLD.merchant_id, OLD.id, OLD.number, OLD.reference, OLD.payout_id, OLD.amount_paise, OLD.utr,
            OLD.first_seen_at)
        IS DISTINCT FROM (NEW.bucket, NEW.merchant_id, NEW.id, NEW.number, NEW.reference, NEW.payout_id,
            NEW.amount_paise, NEW.utr, NEW.first_seen_at))
    EXECUTE FUNCTION refuse('a return ends once, and what the bank stated never changes');
CREATE TRIGGER bank_returns_kept BEFORE DELETE ON bank_returns
    FOR EACH ROW EXECUTE FUNCTION refuse('a return is never deleted');
CREATE TRIGGER bank_returns_no_truncate BEFORE TRUNCATE ON bank_returns
    FOR EACH STATEMENT EXECUTE FUNCTION refuse('a return is never deleted');

-- Mismatches between the bank and the books that a person must resolve. They move no money. What concerns no merchant
-- lies under the nil UUID, in that id's bucket.
CREATE TABLE exceptions (
    bucket          smallint    NOT NULL,
    merchant_id     uuid        NOT NULL,
    id              uuid        NOT NULL,
    kind            text        NOT NULL CHECK (kind <> ''),
    payout_id       uuid,
    other_payout_id uuid,                                       -- the other payout with the same UTR
    reference       text,
    return_number   bigint,
    stated_paise    bigint,
    stated_utr      text,
    expected_paise  bigint,
    expected_utr    text,
    detail          text        NOT NULL CHECK (detail <> ''),
    created_at      timestamptz NOT NULL,
    resolved_at     timestamptz,
    resolved_by     text        CHECK (resolved_by <> ''),
    resolution      text        CHECK (resolution <> ''),
    PRIMARY KEY (bucket, merchant_id, id),
    CHECK ((resolved_at IS NULL) = (resolved_by IS NULL) AND (resolved_at IS NULL) = (resolution IS NULL))
);
CREATE INDEX exceptions_newest ON exceptions (created_at, id);
CREATE INDEX exceptions_open ON exceptions (created_at, id) WHERE resolved_at IS NULL;
-- What is known of a payout.
CREATE INDEX exceptions_about ON exceptions (bucket, merchant_id, payout_id) WHERE payout_id IS NOT NULL;
CREATE INDEX exceptions_by_id ON exceptions (id);

CREATE TRIGGER exceptions_resolved_once BEFORE UPDATE ON exceptions FOR EACH ROW
    WHEN (OLD.resolved_at IS NOT NULL OR NEW.resolved_at IS NULL
        OR (OLD.bucket, OLD.merchant_id, OLD.id, OLD.kind, OLD.payout_id, OLD.other_payout_id, OLD.reference,
            OLD.return_number, OLD.stated_paise, OLD.stated_utr, OLD.expected_paise, OLD.expected_utr, OLD.detail,
            OLD.created_at)
        IS DISTINCT FROM (NEW.bucket, NEW.merchant_id, NEW.id, NEW.kind, NEW.payout_id, NEW.other_payout_id,
            NEW.reference, NEW.return_number, NEW.stated_paise, NEW.stated_utr, NEW.expected_paise, NEW.expected_utr,
            NEW.detail, NEW.created_at))
    EXECUTE FUNCTION refuse('an exception is resolved once, and nothing else of it changes');
CREATE TRIGGER exceptions_kept BEFORE DELETE ON exceptions
    FOR EACH ROW EXECUTE FUNCTION refuse('an exception is never deleted');
CREATE TRIGGER exceptions_no_truncate BEFORE TRUNCATE ON exceptions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse('an exception is never deleted');
