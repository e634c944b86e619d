-- Which payouts the bank paid under a UTR: a UTR that two payouts have is an exception.
CREATE INDEX IF NOT EXISTS payouts_by_utr ON payouts (utr) WHERE utr IS NOT NULL;

-- The lines of the bank's list of returns, each once: what became of it, or that it waits. The id follows from the
-- line's facts. What names no payout of ours lies under the nil UUID, in that id's bucket.
CREATE TABLE bank_returns (
    bucket        INTEGER NOT NULL,
    merchant_id   BLOB    NOT NULL CHECK (length(merchant_id) = 16),
    id            BLOB    NOT NULL CHECK (length(id) = 16),
    number        INTEGER NOT NULL,                             -- the line's place in the bank's list
    reference     TEXT    NOT NULL,
    payout_id     BLOB    CHECK (length(payout_id) = 16),
    amount_paise  INTEGER NOT NULL,                             -- what the bank stated, right or wrong
    utr           TEXT    NOT NULL,
    reason        TEXT    NOT NULL,
    status        TEXT    NOT NULL CHECK (status IN ('waiting', 'credited', 'exception')),
    waits_for     TEXT,                                         -- why it could not be applied yet, for people
    tries         INTEGER NOT NULL CHECK (tries >= 0),
    next_try_at   INTEGER,
    first_seen_at INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    PRIMARY KEY (bucket, merchant_id, id),
    CHECK ((status = 'waiting') = (next_try_at IS NOT NULL)),
    CHECK ((status = 'waiting') = (waits_for IS NOT NULL)),
    CHECK (status = 'exception' OR payout_id IS NOT NULL)
) STRICT, WITHOUT ROWID;
-- The work list of those that wait.
CREATE INDEX bank_returns_waiting ON bank_returns (next_try_at) WHERE next_try_at IS NOT NULL;
-- A payout's return is credited once.
CREATE UNIQUE INDEX bank_returns_one_credit ON bank_returns (bucket, merchant_id, payout_id)
    WHERE status = 'credited';

-- A return credits exactly what the payout paid, under the UTR that it was paid under.
CREATE TRIGGER bank_returns_credit_fits BEFORE INSERT ON bank_returns
WHEN NEW.status = 'credited' AND NOT EXISTS (
    SELECT 1 FROM payouts p
    WHERE p.bucket = NEW.bucket AND p.merchant_id = NEW.merchant_id AND p.id = NEW.payout_id
      AND p.status = 'returned' AND p.amount_paise = NEW.amount_paise AND p.utr = NEW.utr)
BEGIN
    SELECT RAISE(ABORT, 'a return is credited only if its amount and UTR are those of a returned payout');
END;
CREATE TRIGGER bank_returns_credit_still_fits BEFORE UPDATE ON bank_returns
WHEN NEW.status = 'credited' AND NOT EXISTS (
    SELECT 1 FROM payouts p
    WHERE p.bucket = NEW.bucket AND p.merchant_id = NEW.merchant_id AND p.id = NEW.payout_id
      AND p.status = 'returned' AND p.amount_paise = NEW.amount_paise AND p.utr = NEW.utr)
BEGIN
    SELECT RAISE(ABORT, 'a return is credited only if its amount and UTR are those of a returned payout');
END;
CREATE TRIGGER bank_returns_end_once BEFORE UPDATE ON bank_returns
WHEN OLD.status <> 'waiting'
    OR (OLD.bucket, OLD.merchant_id, OLD.id, OLD.number, OLD.reference, OLD.payout_id, OLD.amount_paise, OLD.utr,
        OLD.first_seen_at)
    IS NOT (NEW.bucket, NEW.merchant_id, NEW.id, NEW.number, NEW.reference, NEW.payout_id, NEW.amount_paise, NEW.utr,
        NEW.first_seen_at)
BEGIN
    SELECT RAISE(ABORT, 'a return ends once, and what the bank stated never changes');
END;
CREATE TRIGGER bank_returns_kept BEFORE DELETE ON bank_returns
BEGIN
    SELECT RAISE(ABORT, 'a return is never deleted');
END;
-- INSERT OR REPLACE would put other facts, or another end, in the place of those that are there.
CREATE TRIGGER bank_returns_no_replace BEFORE INSERT ON bank_returns
WHEN EXISTS (
    SELECT 1 FROM bank_returns r WHERE r.bucket = NEW.bucket AND r.merchant_id = NEW.merchant_id AND r.id = NEW.id
    AND (r.status <> 'waiting' OR (r.number, r.reference, r.payout_id, r.amount_paise, r.utr)
        IS NOT (NEW.number, NEW.reference, NEW.payout_id, NEW.amount_paise, NEW.utr)))
BEGIN
    SELECT RAISE(ABORT, 'a return ends once, and what the bank stated never changes');
END;
-- OR REPLACE would silently remove the row that the unique index finds in its way.
CREATE TRIGGER bank_returns_credited_once BEFORE INSERT ON bank_returns
WHEN NEW.status = 'credited' AND EXISTS (
    SELECT 1 FROM bank_returns WHERE bucket = NEW.bucket AND merchant_id = NEW.merchant_id
    AND payout_id = NEW.payout_id AND status = 'credited')
BEGIN
    SELECT RAISE(ABORT, 'a payout''s return is credited once');
END;
CREATE TRIGGER bank_returns_still_credited_once BEFORE UPDATE ON bank_returns
WHEN NEW.status = 'credited' AND EXISTS (
    SELECT 1 FROM bank_returns WHERE bucket = NEW.bucket AND merchant_id = NEW.merchant_id
    AND payout_id = NEW.payout_id AND status = 'credited')
BEGIN
    SELECT RAISE(ABORT, 'a payout''s return is credited once');
END;

-- Mismatches between the bank and the books that a person must resolve. They move no money. What concerns no merchant
-- lies under the nil UUID, in that id's bucket.
CREATE TABLE exceptions (
    bucket          INTEGER NOT NULL,
    merchant_id     BLOB    NOT NULL CHECK (length(merchant_id) = 16),
    id              BLOB    NOT NULL CHECK (length(id) = 16),
    kind            TEXT    NOT NULL CHECK (kind <> ''),
    payout_id       BLOB    CHECK (length(payout_id) = 16),
    other_payout_id BLOB    CHECK (length(other_payout_id) = 16), -- the other payout with the same UTR
    reference       TEXT,
    return_number   INTEGER,
    stated_paise    INTEGER,
    stated_utr      TEXT,
    expected_paise  INTEGER,
    expected_utr    TEXT,
    detail          TEXT    NOT NULL CHECK (detail <> ''),
    created_at      INTEGER NOT NULL,
    resolved_at     INTEGER,
    resolved_by     TEXT    CHECK (resolved_by <> ''),
    resolution      TEXT    CHECK (resolution <> ''),
    PRIMARY KEY (bucket, merchant_id, id),
    CHECK ((resolved_at IS NULL) = (resolved_by IS NULL) AND (resolved_at IS NULL) = (resolution IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX exceptions_newest ON exceptions (created_at, id);
CREATE INDEX exceptions_open ON exceptions (created_at, id) WHERE resolved_at IS NULL;
-- What is known of a payout.
CREATE INDEX exceptions_about ON exceptions (bucket, merchant_id, payout_id) WHERE payout_id IS NOT NULL;
CREATE INDEX exceptions_by_id ON exceptions (id);

CREATE TRIGGER exceptions_resolved_once BEFORE UPDATE ON exceptions
WHEN OLD.resolved_at IS NOT NULL OR NEW.resolved_at IS NULL
    OR (OLD.bucket, OLD.merchant_id, OLD.id, OLD.kind, OLD.payout_id, OLD.other_payout_id, OLD.reference,
        OLD.return_number, OLD.stated_paise, OLD.stated_utr, OLD.expected_paise, OLD.expected_utr, OLD.detail,
        OLD.created_at)
    IS NOT (NEW.bucket, NEW.merchant_id, NEW.id, NEW.kind, NEW.payout_id, NEW.other_payout_id, NEW.reference,
        NEW.return_number, NEW.stated_paise, NEW.stated_utr, NEW.expected_paise, NEW.expected_utr, NEW.detail,
        NEW.created_at)
BEGIN
    SELECT RAISE(ABORT, 'an exception is resolved once, and nothing else of it changes');
END;
CREATE TRIGGER exceptions_no_replace BEFORE INSERT ON exceptions
WHEN EXISTS (SELECT 1 FROM exceptions WHERE bucket = NEW.bucket AND merchant_id = NEW.merchant_id AND id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'an exception is never replaced');
END;
CREATE TRIGGER exceptions_kept BEFORE DELETE ON exceptions
BEGIN
    SELECT RAISE(ABORT, 'an exception is never deleted');
END;
