-- The audit log: who did what by hand, and why; written in the transaction of what was done. What concerns
-- no merchant lies under the nil UUID, in that id's bucket.
CREATE TABLE operator_actions (
    bucket      INTEGER NOT NULL,
    merchant_id BLOB    NOT NULL CHECK (length(merchant_id) = 16),
    id          BLOB    NOT NULL CHECK (length(id) = 16),
    at          INTEGER NOT NULL,
    operator    TEXT    NOT NULL CHECK (operator <> ''),
    action      TEXT    NOT NULL CHECK (action <> ''),
    subject     TEXT,                                         -- the payout's id, the key's, …
    reason      TEXT,
    detail      TEXT,
    PRIMARY KEY (bucket, merchant_id, id),
    -- Where a person's word stands for the bank's, it is about a payout and it is written.
    CHECK (action NOT IN ('decided_paid', 'decided_not_paid') OR (subject IS NOT NULL AND coalesce(reason, '') <> ''))
) STRICT, WITHOUT ROWID;

-- Newest first, over all merchants.
CREATE INDEX operator_actions_newest ON operator_actions (at, id);
-- What was done to a payout.
CREATE INDEX operator_actions_about ON operator_actions (bucket, merchant_id, subject) WHERE subject IS NOT NULL;
-- A doubt ends once.
CREATE UNIQUE INDEX operator_actions_one_decision ON operator_actions (bucket, merchant_id, subject)
    WHERE action IN ('decided_paid', 'decided_not_paid');

CREATE TRIGGER operator_actions_no_update BEFORE UPDATE ON operator_actions
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER operator_actions_no_delete BEFORE DELETE ON operator_actions
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
-- INSERT OR REPLACE would silently remove the row that the key or the unique index finds in its way.
CREATE TRIGGER operator_actions_no_replace BEFORE INSERT ON operator_actions
WHEN EXISTS (SELECT 1 FROM operator_actions WHERE bucket = NEW.bucket AND merchant_id = NEW.merchant_id
             AND id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER operator_actions_decided_once BEFORE INSERT ON operator_actions
WHEN NEW.action IN ('decided_paid', 'decided_not_paid') AND EXISTS (
    SELECT 1 FROM operator_actions WHERE bucket = NEW.bucket AND merchant_id = NEW.merchant_id
    AND subject = NEW.subject AND action IN ('decided_paid', 'decided_not_paid'))
BEGIN
    SELECT RAISE(ABORT, 'a doubt is decided once');
END;
