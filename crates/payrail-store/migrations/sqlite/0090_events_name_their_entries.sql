-- An event that goes with a movement of money names the ledger entry. NULL: no money moved, or the row was written
-- before this column existed.
ALTER TABLE outbox ADD COLUMN entry_seq INTEGER;
