-- Merchants' sessions in a browser. Only a keyed hash of the cookie's token is kept, and the API key that the
-- session stands for. No row, no session.
CREATE TABLE merchant_sessions (
    hash       BLOB    PRIMARY KEY CHECK (length(hash) = 32),
    key_hash   BLOB    NOT NULL REFERENCES api_keys (hash),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL CHECK (expires_at > created_at)
) STRICT, WITHOUT ROWID;
CREATE INDEX merchant_sessions_expiry ON merchant_sessions (expires_at);
