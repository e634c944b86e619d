-- One answer a key, for ever if it moved money (expires_at is null), else until it expires.
CREATE TABLE idempotency_records (
    bucket       INTEGER NOT NULL,
    merchant_id  BLOB    NOT NULL CHECK (length(merchant_id) = 16),
    key          BLOB    NOT NULL CHECK (length(key) = 16),
    request_hash BLOB    NOT NULL CHECK (length(request_hash) = 32),
    status       INTEGER NOT NULL,
    body         TEXT    NOT NULL,
    payout_id    BLOB,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    PRIMARY KEY (bucket, merchant_id, key),
    CHECK (payout_id IS NULL OR expires_at IS NULL)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER idempotency_for_ever BEFORE UPDATE ON idempotency_records
WHEN OLD.expires_at IS NULL
BEGIN
    SELECT RAISE(ABORT, 'a key that moved money keeps its answer for ever');
END;
CREATE TRIGGER idempotency_no_delete BEFORE DELETE ON idempotency_records
WHEN OLD.expires_at IS NULL
BEGIN
    SELECT RAISE(ABORT, 'a key that moved money keeps its answer for ever');
END;
CREATE TRIGGER idempotency_no_replace BEFORE INSERT ON idempotency_records
WHEN EXISTS (SELECT 1 FROM idempotency_records WHERE bucket = NEW.bucket AND merchant_id = NEW.merchant_id
             AND key = NEW.key AND expires_at IS NULL)
BEGIN
    SELECT RAISE(ABORT, 'a key that moved money keeps its answer for ever');
END;
-- UPDATE OR REPLACE would put a record that expires in the place of one that does not.
CREATE TRIGGER idempotency_same_key BEFORE UPDATE ON idempotency_records
WHEN (OLD.bucket, OLD.merchant_id, OLD.key) IS NOT (NEW.bucket, NEW.merchant_id, NEW.key)
BEGIN
    SELECT RAISE(ABORT, 'a record keeps its key');
END;
