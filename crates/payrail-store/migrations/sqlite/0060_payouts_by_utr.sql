-- An exact search for a UTR, however long the history.
CREATE INDEX IF NOT EXISTS payouts_by_utr ON payouts (utr) WHERE utr IS NOT NULL;
