-- What `payrail reset` does before the migrations make everything anew. The ledger refuses to be
-- emptied row by row; only the owner of the tables can remove them whole.
DROP TABLE IF EXISTS workers, exceptions, bank_returns, merchant_sessions, operator_actions, operator_sessions, operators, outbox, idempotency_records, attempts, payouts, ledger_entries,
    settings, api_keys, merchant_directory, merchants, _sqlx_migrations;
DROP FUNCTION IF EXISTS ledger_chain(), credit_fits(), keep_merchant(), refuse(), outbox_chain(), payouts_tied(),
    ledger_tied(), attempts_tied(), payout_exists();
