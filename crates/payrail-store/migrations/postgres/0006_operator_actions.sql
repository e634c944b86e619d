-- The audit log: who did what by hand, and why; written in the transaction of what was done. What concerns
-- no merchant lies under the nil UUID, in that id's bucket.
CREATE TABLE operator_actions (
    bucket      smallint    NOT NULL,
    merchant_id uuid        NOT NULL,
    id          uuid        NOT NULL,
    at          timestamptz NOT NULL,
    operator    text        NOT NULL CHECK (operator <> ''),
    action      text        NOT NULL CHECK (action <> ''),
    subject     text,                                         -- the payout's id, the key's, …
    reason      text,
    detail      text,
    PRIMARY KEY (bucket, merchant_id, id),
    -- Where a person's word stands for the bank's, it is about a payout and it is written.
    CHECK (action NOT IN ('decided_paid', 'decided_not_paid') OR (subject IS NOT NULL AND coalesce(reason, '') <> ''))
);

-- Newest first, over all merchants.
CREATE INDEX operator_actions_newest ON operator_actions (at, id);
-- What was done to a payout.
CREATE INDEX operator_actions_about ON operator_actions (bucket, merchant_id, subject) WHERE subject IS NOT NULL;
-- A doubt ends once.
CREATE UNIQUE INDEX operator_actions_one_decision ON operator_actions (bucket, merchant_id, subject)
    WHERE action IN ('decided_paid', 'decided_not_paid');

CREATE TRIGGER operator_actions_append_only BEFORE UPDATE OR DELETE ON operator_actions
    FOR EACH ROW EXECUTE FUNCTION refuse('the audit log is append-only');
CREATE TRIGGER operator_actions_no_truncate BEFORE TRUNCATE ON operator_actions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse('the audit log is append-only');
