-- The people who operate PayRail, and their sessions: small, without a bucket (reference tables on Citus).
CREATE TABLE operators (
    id            uuid        PRIMARY KEY,
    -- ASCII only, so that both databases fold its case alike.
    name          text        NOT NULL CHECK (name ~ '^[A-Za-z0-9._@-]{1,64}$'),
    password_hash text        NOT NULL CHECK (starts_with(password_hash, '$argon2id$')),
    role          text        NOT NULL CHECK (role IN ('viewer', 'operator')),
    created_at    timestamptz NOT NULL,
    disabled_at   timestamptz
);
CREATE UNIQUE INDEX operators_name ON operators (lower(name));

-- Only a keyed hash of the cookie's token is kept. No row, no session.
CREATE TABLE operator_sessions (
    hash        bytea       PRIMARY KEY CHECK (length(hash) = 32),
    operator_id uuid        NOT NULL,
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL
);
CREATE INDEX operator_sessions_of_operator ON operator_sessions (operator_id);
CREATE INDEX operator_sessions_expiry ON operator_sessions (expires_at);
