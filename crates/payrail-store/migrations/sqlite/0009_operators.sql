-- The people who operate PayRail, and their sessions: small, without a bucket (reference tables on Citus).
CREATE TABLE operators (
    id            BLOB    PRIMARY KEY CHECK (length(id) = 16),
    -- ASCII only, so that both databases fold its case alike.
    name          TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 64 AND name NOT GLOB '*[^A-Za-z0-9._@-]*'),
    password_hash TEXT    NOT NULL CHECK (password_hash GLOB '$argon2id$*'),
    role          TEXT    NOT NULL CHECK (role IN ('viewer', 'operator')),
    created_at    INTEGER NOT NULL,
    disabled_at   INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX operators_name ON operators (lower(name));

-- Only a keyed hash of the cookie's token is kept. No row, no session.
CREATE TABLE operator_sessions (
    hash        BLOB    PRIMARY KEY CHECK (length(hash) = 32),
    operator_id BLOB    NOT NULL CHECK (length(operator_id) = 16),
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX operator_sessions_of_operator ON operator_sessions (operator_id);
CREATE INDEX operator_sessions_expiry ON operator_sessions (expires_at);
