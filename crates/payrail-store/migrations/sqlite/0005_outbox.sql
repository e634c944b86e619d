-- What the world must learn, written in the transaction that made it true. The numbers are gapless
-- per merchant: a reader that has seen n asks for what comes after n and misses nothing.
CREATE TABLE outbox (
    bucket      INTEGER NOT NULL,
    merchant_id BLOB    NOT NULL,
    seq         INTEGER NOT NULL CHECK (seq >= 1),
    kind        TEXT    NOT NULL,
    payout_id   BLOB,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (bucket, merchant_id, seq)
) STRICT, WITHOUT ROWID;
