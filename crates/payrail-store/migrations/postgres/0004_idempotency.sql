-- One answer a key, for ever if it moved money (expires_at is null), else until it expires.
CREATE TABLE idempotency_records (
    bucket       smallint    NOT NULL,
    merchant_id  uuid        NOT NULL,
    key          uuid        NOT NULL,
    request_hash bytea       NOT NULL CHECK (length(request_hash) = 32),
    status       smallint    NOT NULL,
    body         text        NOT NULL,
    payout_id    uuid,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz,
    PRIMARY KEY (bucket, merchant_id, key),
    CHECK (payout_id IS NULL OR expires_at IS NULL)
);
CREATE TRIGGER idempotency_for_ever BEFORE UPDATE OR DELETE ON idempotency_records FOR EACH ROW
    WHEN (OLD.expires_at IS NULL)
    EXECUTE FUNCTION refuse('a key that moved money keeps its answer for ever');
CREATE TRIGGER idempotency_no_truncate BEFORE TRUNCATE ON idempotency_records
    FOR EACH STATEMENT EXECUTE FUNCTION refuse('a key that moved money keeps its answer for ever');
