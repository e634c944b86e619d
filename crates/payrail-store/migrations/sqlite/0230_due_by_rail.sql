-- The list of due payouts of one rail, found without passing by those of another, however many of these wait for a bank
-- that does not answer. It takes the place of the index by time alone: no step writes one entry more.
DROP INDEX payouts_due;
CREATE INDEX payouts_due ON payouts (rail, due_at) WHERE due_at IS NOT NULL;
