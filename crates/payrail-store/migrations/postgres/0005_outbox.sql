-- What the world must learn, written in the transaction that made it true. The numbers are gapless
-- per merchant: a reader that has seen n asks for what comes after n and misses nothing.
CREATE TABLE outbox (
    bucket      smallint    NOT NULL,
    merchant_id uuid        NOT NULL,
    seq         bigint      NOT NULL CHECK (seq >= 1),
    kind        text        NOT NULL,
    payout_id   uuid,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (bucket, merchant_id, seq)
);
