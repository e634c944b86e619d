-- An attempt is one call to the bank of any kind; a submission is an attempt that tells the bank to pay.
ALTER TABLE payouts RENAME COLUMN attempts TO submissions;
ALTER TABLE payouts RENAME COLUMN calls TO attempts;
