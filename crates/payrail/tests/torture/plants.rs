//! One difference of each kind, to plant in a correct world.

use serde_json::{Value, json};

pub enum Plant {
    /// In the database, or in the bank's book beside it.
    Rows(&'static str),
    /// In the clients' notes.
    Notes(fn(&mut Vec<Value>)),
    /// In another file: replaces the first occurrence.
    Text(&'static str, &'static str, &'static str),
}

use Plant::{Notes, Rows, Text};

pub const PLANTS: [(&str, Plant); 64] = [
    // Keys and answers.
    ("two_answers", Notes(|lines| change_text(repetition(lines), "\"attempts\":0", "\"attempts\":7"))),
    (
        "two_requests_took_one_key",
        Notes(|lines| {
            let first = first_answer(lines, 201)["body"].clone();
            let other = first_answer(lines, 422);
            (other["status"], other["body"], other["replayed"]) = (json!(201), first, json!(true));
        }),
    ),
    ("decided_twice", Notes(|lines| repetition(lines)["replayed"] = json!(false))),
    ("wrongly_reused", Notes(|lines| second_answer(lines)["status"] = json!(422))),
    ("answer_without_record", Rows("DELETE FROM idempotency_records WHERE status = 400")),
    (
        "record_differs",
        Rows("UPDATE idempotency_records SET body = replace(body, 'pending', 'completed') WHERE status = 201"),
    ),
    ("payout_missing", Rows("DELETE FROM payouts WHERE status = 'failed'")),
    ("acknowledged_payout_missing", Rows("DELETE FROM payouts WHERE status = 'failed'")),
    ("payout_altered", Rows("UPDATE payouts SET amount_paise = amount_paise + 1 WHERE status = 'failed'")),
    ("answer_untrue", Notes(|lines| change_text(second_answer(lines), "\"amount_paise\":101", "\"amount_paise\":102"))),
    ("unexpected_answer", Notes(|lines| second_answer(lines)["status"] = json!(404))),
    (
        "refused_and_made",
        Rows(
            "UPDATE idempotency_records SET expires_at = NULL, payout_id = (SELECT id FROM payouts LIMIT 1) WHERE status = 400",
        ),
    ),
    (
        "wrongly_refused",
        Notes(|lines| {
            change_text(first_answer(lines, 400), "\"available_balance_paise\":50", "\"available_balance_paise\":5000")
        }),
    ),
    (
        "balance_never_was",
        Notes(|lines| change_text(balances(lines)[1], "\"held_balance_paise\":", "\"held_balance_paise\":9")),
    ),
    (
        "key_without_request",
        Rows(
            "INSERT INTO idempotency_records SELECT bucket, merchant_id, randomblob(16), request_hash, status, body, NULL, created_at, 1 FROM idempotency_records LIMIT 1",
        ),
    ),
    ("payout_of_no_key", Rows("UPDATE idempotency_records SET payout_id = NULL WHERE status = 201")),
    (
        "payout_of_two_keys",
        Rows(
            "UPDATE idempotency_records SET payout_id = (SELECT payout_id FROM idempotency_records WHERE payout_id IS NOT NULL LIMIT 1) WHERE payout_id IS NOT NULL",
        ),
    ),
    // The ledger.
    ("entry_missing", Rows("DELETE FROM ledger_entries WHERE seq = 3")),
    ("balance_wrong", Rows("UPDATE ledger_entries SET held_after = held_after + 1 WHERE seq = 3")),
    ("overdraft", Rows("UPDATE ledger_entries SET amount_paise = 2000000000 WHERE seq = 3")),
    (
        "not_zero",
        Rows(
            "UPDATE ledger_entries SET available_after = available_after + 1 WHERE seq = (SELECT max(seq) FROM ledger_entries)",
        ),
    ),
    ("wrong_bucket", Rows("UPDATE merchants SET bucket = 255 - bucket")),
    ("funding_wrong", Rows("UPDATE ledger_entries SET amount_paise = amount_paise + 1 WHERE kind = 'fund'")),
    ("sum_wrong", Rows("UPDATE book.transfers SET amount_paise = amount_paise + 1 WHERE status = 'paid'")),
    // Payouts.
    ("movements_wrong", Rows("UPDATE ledger_entries SET kind = 'refund' WHERE kind = 'settle'")),
    ("movement_differs", Rows("UPDATE ledger_entries SET amount_paise = amount_paise + 1 WHERE kind = 'settle'")),
    ("movement_of_no_payout", Rows("UPDATE ledger_entries SET payout_id = randomblob(16) WHERE kind = 'settle'")),
    ("events_wrong", Rows("DELETE FROM outbox WHERE kind = 'payout.failed'")),
    ("attempt_missing", Rows("DELETE FROM attempts WHERE outcome = 'refused'")),
    ("no_proof", Rows("UPDATE attempts SET outcome = 'no_answer' WHERE outcome = 'refused'")),
    ("final_yet_due", Rows("UPDATE payouts SET due_at = 1 WHERE status = 'completed'")),
    (
        "stranded",
        Rows("UPDATE payouts SET status = 'processing', step = 'enquire', due_at = 1 WHERE status = 'completed'"),
    ),
    (
        "stranded_without_reason",
        Rows("UPDATE payouts SET doubt_since = NULL, doubt_reason = NULL WHERE status = 'processing'"),
    ),
    // The bank.
    ("settled_and_unpaid", Rows("UPDATE book.transfers SET status = 'closed' WHERE status = 'paid'")),
    ("utr_wrong", Rows("UPDATE payouts SET utr = 'SIMB000000009999' WHERE status = 'completed'")),
    ("refunded_and_paid", Rows("UPDATE book.transfers SET status = 'paid', number = 77 WHERE status = 'refused'")),
    ("refunded_without_proof", Rows("DELETE FROM book.transfers WHERE status = 'refused'")),
    (
        "cancelled_reached_bank",
        Rows(
            "INSERT INTO book.transfers SELECT 'PR' || hex(id), amount_paise, bank_account_id, 'lost', NULL, 1, 1, 1, NULL, NULL FROM payouts WHERE status = 'cancelled'",
        ),
    ),
    ("return_wrong", Rows("DELETE FROM book.returns")),
    ("paid_twice", Rows("UPDATE book.transfers SET number = 1 WHERE status = 'paid'")),
    (
        "bank_knows_stranger",
        Rows(
            "INSERT INTO book.transfers SELECT 'PR' || hex(randomblob(16)), amount_paise, bank_account_id, status, reason, 1, 1, 1, 500, NULL FROM book.transfers WHERE status = 'paid' LIMIT 1",
        ),
    ),
    (
        "bank_was_told_otherwise",
        Rows("UPDATE book.transfers SET bank_account_id = 'elsewhere' WHERE status = 'refused'"),
    ),
    // The other bank.
    (
        "other_bank_has_transfer",
        Rows(
            "INSERT INTO other.transfers SELECT 'PR' || hex(randomblob(16)), amount_paise, bank_account_id, status, reason, 1, 1, 1, 500, NULL FROM book.transfers WHERE status = 'paid' LIMIT 1",
        ),
    ),
    ("other_bank_asked", Text("other-bank.jsonl", "GET /v1/identity", "POST /v1/transfers")),
    // Returns and UTRs.
    ("list_wrong", Text("bank.jsonl", "\"forged\":false", "\"forged\":true")),
    (
        "forgery_credited",
        Rows("UPDATE bank_returns SET status = 'credited' WHERE status = 'exception' AND amount_paise = 1"),
    ),
    ("not_one_exception", Rows("DELETE FROM exceptions WHERE kind = 'return_unknown_reference'")),
    ("exception_wrong", Rows("UPDATE exceptions SET stated_paise = 7 WHERE kind = 'return_again'")),
    ("not_one_credit", Rows("DELETE FROM bank_returns WHERE status = 'credited'")),
    (
        "credit_is_exception",
        Rows(
            "UPDATE exceptions SET return_number = (SELECT number FROM bank_returns WHERE status = 'credited') WHERE kind = 'return_again'",
        ),
    ),
    ("line_altered", Rows("UPDATE bank_returns SET amount_paise = amount_paise + 1 WHERE status = 'credited'")),
    (
        "return_waits",
        Rows("UPDATE bank_returns SET status = 'waiting', waits_for = 'x', next_try_at = 1 WHERE status = 'credited'"),
    ),
    ("exception_of_nothing", Rows("UPDATE exceptions SET return_number = 99 WHERE kind = 'return_other_utr'")),
    ("cursor_behind", Rows("UPDATE settings SET value = '5' WHERE name = 'bank_returns_cursor'")),
    ("shared_utr_unseen", Rows("DELETE FROM exceptions WHERE kind = 'duplicate_utr'")),
    ("verify_silent", Text("verify.json", "open_exception", "another_kind")),
    ("verify_wrong", Rows("UPDATE exceptions SET resolved_at = 1 WHERE kind = 'return_again'")),
    // What clients saw.
    ("seen_and_gone", Rows("DELETE FROM payouts WHERE status = 'completed'")),
    ("shown_wrongly", Notes(|lines| change_text(list(lines), "\"demo-fail\"", "\"elsewhere\""))),
    (
        "status_went_back",
        Rows("UPDATE payouts SET status = 'processing', step = 'enquire', due_at = 1 WHERE status = 'failed'"),
    ),
    (
        "time_ran_backwards",
        Notes(|lines| {
            let [first, last] = &mut balances(lines)[..] else { panic!("two looks at the balances") };
            std::mem::swap(&mut first["body"], &mut last["body"]);
        }),
    ),
    ("cancelled_and_not", Rows("UPDATE payouts SET status = 'failed', reason = 'x' WHERE status = 'cancelled'")),
    ("entry_untold", Rows("UPDATE outbox SET entry_seq = entry_seq + 1 WHERE kind = 'payout.returned'")),
    ("event_missing", Rows("UPDATE outbox SET seq = seq + 1 WHERE kind = 'payout.returned'")),
];

fn answers(lines: &mut [Value]) -> impl Iterator<Item = &mut Value> {
    lines.iter_mut().filter(|line| line["event"] == "answer")
}

fn first_answer(lines: &mut [Value], status: u16) -> &mut Value {
    answers(lines).find(|line| line["status"] == status).unwrap()
}

/// The notes of a key that was used twice.
fn repetition(lines: &mut [Value]) -> &mut Value {
    answers(lines).find(|line| line["replayed"] == true).unwrap()
}

/// The answer about the second payout, whose key was used once.
fn second_answer(lines: &mut [Value]) -> &mut Value {
    answers(lines).filter(|line| line["status"] == 201).nth(1).unwrap()
}

/// The reads of the balances.
fn balances(lines: &mut [Value]) -> Vec<&mut Value> {
    let is_one = |line: &&mut Value| line["body"].as_str().unwrap().contains("\"held_balance_paise\":");
    answers(lines).filter(|line| line["status"] == 200).filter(is_one).collect()
}

/// The read of the list.
fn list(lines: &mut [Value]) -> &mut Value {
    answers(lines).find(|line| line["body"].as_str().unwrap().starts_with('[')).unwrap()
}

fn change_text(answer: &mut Value, from: &str, to: &str) {
    let body = answer["body"].as_str().unwrap();
    assert!(body.contains(from), "{from} in {body}");
    answer["body"] = json!(body.replace(from, to));
}
