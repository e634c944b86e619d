-- The outbox is append-only and gapless, and each event names what it tells of. Rows that were written before are not
-- looked at again. (Triggers, as SQLite adds no CHECK to a table that exists.)
CREATE TRIGGER outbox_rows BEFORE INSERT ON outbox
WHEN (CASE NEW.kind
        WHEN 'balance.funded' THEN NEW.payout_id IS NULL AND NEW.entry_seq IS NOT NULL
        WHEN 'payout.processing' THEN NEW.payout_id IS NOT NULL AND NEW.entry_seq IS NULL
        WHEN 'payout.in_doubt' THEN NEW.payout_id IS NOT NULL AND NEW.entry_seq IS NULL
        ELSE NEW.payout_id IS NOT NULL AND NEW.entry_seq IS NOT NULL AND NEW.kind IN
            ('payout.pending', 'payout.completed', 'payout.failed', 'payout.cancelled', 'payout.returned')
      END) IS NOT TRUE
BEGIN
    SELECT RAISE(ABORT, 'this is no event, or it does not name what it tells of');
END;
-- Comparing with the newest event also refuses INSERT OR REPLACE, which fires no DELETE trigger.
CREATE TRIGGER outbox_chain BEFORE INSERT ON outbox
WHEN NEW.seq IS NOT
    (SELECT coalesce(max(seq), 0) + 1 FROM outbox WHERE bucket = NEW.bucket AND merchant_id = NEW.merchant_id)
BEGIN
    SELECT RAISE(ABORT, 'this event does not follow from the one before it');
END;
CREATE TRIGGER outbox_names_its_entry BEFORE INSERT ON outbox
WHEN NEW.entry_seq IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM ledger_entries WHERE bucket = NEW.bucket AND merchant_id = NEW.merchant_id AND seq = NEW.entry_seq
    AND payout_id IS NEW.payout_id AND kind = CASE NEW.kind
        WHEN 'balance.funded' THEN 'fund' WHEN 'payout.pending' THEN 'hold'
        WHEN 'payout.completed' THEN 'settle' WHEN 'payout.failed' THEN 'refund'
        WHEN 'payout.cancelled' THEN 'refund' WHEN 'payout.returned' THEN 'return' END)
BEGIN
    SELECT RAISE(ABORT, 'this event does not fit its ledger entry');
END;
CREATE TRIGGER outbox_no_update BEFORE UPDATE ON outbox
BEGIN
    SELECT RAISE(ABORT, 'the outbox is append-only');
END;
CREATE TRIGGER outbox_no_delete BEFORE DELETE ON outbox
BEGIN
    SELECT RAISE(ABORT, 'the outbox is append-only');
END;
