-- The twin of the PostgreSQL schema, table by table. uuid: BLOB of 16; timestamptz: INTEGER, microseconds
-- since 1970 (UTC). WITHOUT ROWID: a table is its primary key's index.

CREATE TABLE merchants (
    bucket     INTEGER NOT NULL CHECK (bucket BETWEEN 0 AND 255),
    id         BLOB    NOT NULL CHECK (length(id) = 16),
    name       TEXT    NOT NULL CHECK (name <> ''),
    email      TEXT    NOT NULL CHECK (email <> ''),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (bucket, id)
) STRICT, WITHOUT ROWID;

-- Who has which e-mail address: unique over all buckets.
CREATE TABLE merchant_directory (
    email       TEXT    PRIMARY KEY,
    bucket      INTEGER NOT NULL,
    merchant_id BLOB    NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;

-- Only a keyed hash is kept; the prefix lets people recognise a key.
CREATE TABLE api_keys (
    hash        BLOB    PRIMARY KEY CHECK (length(hash) = 32),
    prefix      TEXT    NOT NULL,
    bucket      INTEGER NOT NULL,
    merchant_id BLOB    NOT NULL,
    created_at  INTEGER NOT NULL,
    revoked_at  INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX api_keys_of_merchant ON api_keys (merchant_id);

-- What the program remembers of itself, such as how far it has read the bank's returns.
CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
