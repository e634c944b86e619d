-- Merchants' sessions in a browser. Only a keyed hash of the cookie's token is kept, and the API key that the
-- session stands for. No row, no session. Small, without a bucket (a reference table on Citus).
CREATE TABLE merchant_sessions (
    hash       bytea       PRIMARY KEY CHECK (length(hash) = 32),
    key_hash   bytea       NOT NULL REFERENCES api_keys (hash),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > created_at)
);
CREATE INDEX merchant_sessions_expiry ON merchant_sessions (expires_at);
