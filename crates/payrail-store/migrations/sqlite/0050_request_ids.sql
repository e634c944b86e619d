-- The id of the HTTP request that created the payout, so that one search of the logs finds the whole history. It is
-- written once and read with the row; nothing looks a payout up by it, so it has no index.
ALTER TABLE payouts ADD COLUMN request_id TEXT;
