-- Refusals whose time is over are removed, bucket by bucket. What a payout's key has is in no such index: it never ends.
CREATE INDEX idempotency_refusals ON idempotency_records (bucket, expires_at) WHERE expires_at IS NOT NULL;
