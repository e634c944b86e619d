-- An operator's lists over all merchants, newest first: a walk along an index, however long the history.
CREATE INDEX payouts_newest ON payouts (created_at);
CREATE INDEX ledger_newest ON ledger_entries (created_at);
CREATE INDEX idempotency_newest ON idempotency_records (created_at);
