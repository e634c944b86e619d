-- The simulated bank's book. Times are microseconds since 1970, UTC.

-- The bank's identity, created with the book.
CREATE TABLE identity (only INTEGER PRIMARY KEY CHECK (only = 1), id TEXT NOT NULL) STRICT;

CREATE TABLE transfers (
    reference TEXT PRIMARY KEY,
    -- Both unknown when a reference was closed before it ever arrived.
    amount_paise INTEGER CHECK (amount_paise > 0),
    bank_account_id TEXT,
    -- 'lost': it arrived and was not paid; an enquiry is answered as if it had never arrived.
    status TEXT NOT NULL CHECK (status IN ('paid', 'refused', 'closed', 'lost')),
    reason TEXT,
    -- How often it was submitted.
    arrivals INTEGER NOT NULL,
    arrived_at INTEGER NOT NULL,
    decided_at INTEGER NOT NULL,
    -- The payment's number: 1, 2, 3, …, in the order of the commits. The UTR is made from it.
    number INTEGER,
    return_due_at INTEGER,
    CHECK ((status = 'paid') = (number IS NOT NULL)),
    CHECK ((status = 'refused') = (reason IS NOT NULL)),
    CHECK (status = 'closed' OR (amount_paise IS NOT NULL AND bank_account_id IS NOT NULL)),
    CHECK (status = 'paid' OR return_due_at IS NULL)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX transfers_number ON transfers (number) WHERE number IS NOT NULL;
CREATE INDEX transfers_paid_at ON transfers (decided_at) WHERE status = 'paid';
CREATE INDEX transfers_return_due_at ON transfers (return_due_at) WHERE return_due_at IS NOT NULL;

-- Payments that came back.
CREATE TABLE returns (
    number INTEGER PRIMARY KEY,
    reference TEXT NOT NULL UNIQUE REFERENCES transfers (reference),
    reason TEXT NOT NULL,
    returned_at INTEGER NOT NULL
) STRICT;

CREATE INDEX returns_returned_at ON returns (returned_at);

-- A decided transfer stays decided; only a lost one is still open.
CREATE TRIGGER transfers_final BEFORE UPDATE ON transfers
WHEN old.status <> 'lost'
    AND (new.reference, new.amount_paise, new.bank_account_id, new.status, new.reason, new.decided_at, new.number)
        IS NOT (old.reference, old.amount_paise, old.bank_account_id, old.status, old.reason, old.decided_at, old.number)
BEGIN SELECT RAISE(ABORT, 'a decided transfer never changes'); END;

CREATE TRIGGER transfers_kept BEFORE DELETE ON transfers
BEGIN SELECT RAISE(ABORT, 'a transfer is never removed'); END;

CREATE TRIGGER returns_final BEFORE UPDATE ON returns
BEGIN SELECT RAISE(ABORT, 'a return never changes'); END;

CREATE TRIGGER returns_kept BEFORE DELETE ON returns
BEGIN SELECT RAISE(ABORT, 'a return is never removed'); END;

-- "PYBK" and the schema's number: no other file is mistaken for a book.
PRAGMA application_id = 1348026955;
PRAGMA user_version = 2;
