-- A one-time password, and until when it signs in: its owner must replace it first. NULL: a password of their own.
ALTER TABLE operators ADD COLUMN temporary_until timestamptz;

-- The workers' heartbeats, for the operators' overview only: no payment depends on a row here. Small, without a
-- bucket (a reference table on Citus); a worker that has been silent for long is removed.
CREATE TABLE workers (
    name           text        PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 200),
    role           text        NOT NULL CHECK (role IN ('all', 'worker')),
    started_at     timestamptz NOT NULL,
    seen_at        timestamptz NOT NULL,
    stopped_at     timestamptz,                         -- it stopped in order
    -- The bank's newest answers to this worker, as JSON.
    recent_answers text        NOT NULL CHECK (length(recent_answers) <= 20000)
);
