-- An operator's lists over all merchants, newest first: a walk along an index, however long the history.
-- (Payouts are listed by their holds: an index of their own would be written with every step of theirs.)
CREATE INDEX ledger_newest ON ledger_entries (created_at);
CREATE INDEX idempotency_newest ON idempotency_records (created_at);
