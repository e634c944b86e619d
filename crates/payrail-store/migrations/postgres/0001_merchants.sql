-- Every table leads with the merchant's bucket (0 to 255), the distribution column on Citus.
-- The small tables without one (directory, API keys, settings) are reference tables there.

CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TABLE merchants (
    bucket     smallint    NOT NULL CHECK (bucket BETWEEN 0 AND 255),
    id         uuid        NOT NULL,
    name       text        NOT NULL CHECK (name <> ''),
    email      text        NOT NULL CHECK (email <> ''),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, id)
);

-- Who has which e-mail address: unique over all buckets.
CREATE TABLE merchant_directory (
    email       text     PRIMARY KEY,
    bucket      smallint NOT NULL,
    merchant_id uuid     NOT NULL UNIQUE
);

-- Only a keyed hash is kept; the prefix lets people recognise a key.
CREATE TABLE api_keys (
    hash        bytea       PRIMARY KEY CHECK (length(hash) = 32),
    prefix      text        NOT NULL,
    bucket      smallint    NOT NULL,
    merchant_id uuid        NOT NULL,
    created_at  timestamptz NOT NULL,
    revoked_at  timestamptz
);
CREATE INDEX api_keys_of_merchant ON api_keys (merchant_id);

-- What the program remembers of itself, such as how far it has read the bank's returns.
CREATE TABLE settings (
    name  text PRIMARY KEY,
    value text NOT NULL
);
