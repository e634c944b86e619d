-- A one-time password, and until when it signs in: its owner must replace it first. NULL: a password of their own.
ALTER TABLE operators ADD COLUMN temporary_until INTEGER;

-- The workers' heartbeats, for the operators' overview only: no payment depends on a row here. Small, without a
-- bucket; a worker that has been silent for long is removed.
CREATE TABLE workers (
    name           TEXT    PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 200),
    role           TEXT    NOT NULL CHECK (role IN ('all', 'worker')),
    started_at     INTEGER NOT NULL,
    seen_at        INTEGER NOT NULL,
    stopped_at     INTEGER,                             -- it stopped in order
    -- The bank's newest answers to this worker, as JSON.
    recent_answers TEXT    NOT NULL CHECK (length(recent_answers) <= 20000)
) STRICT, WITHOUT ROWID;
