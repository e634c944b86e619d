//! Amounts, times and texts round-trip, up to the limits of their columns.

use jiff::Timestamp;
use payrail_core::bank_return::BankReturn;
use payrail_core::command::{Action, Command, Refusal};
use payrail_core::payout::{BankAnswer, Exchange, Verdict};
use payrail_store::StoreError;
use payrail_types::ids::{MerchantId, PayoutId};
use payrail_types::names::Utr;
use payrail_types::operator::ByOperator;

use crate::world::{
    MICROSECOND, World, amount, at, back, by, claim, create, create_to, fresh_id, fresh_key, fund, line, merchant,
    paid, report,
};

on_all_stores!(
    amounts_fill_64_bits,
    times_are_kept_to_the_microsecond,
    any_text_comes_back_as_it_was,
    a_nul_is_refused_by_either,
    an_account_has_255_characters_whatever_their_bytes,
);

async fn amounts_fill_64_bits(world: World) {
    let (who, max) = (merchant(0), i64::MAX);
    world.fund(who, max).await;
    assert_eq!(world.balances(who).await, (max, 0));
    assert_eq!(world.one(who, fund(fresh_key(), 1), at(0)).await, Err(Refusal::BalanceTooLarge));
    let payout = world.payout(who, max).await;
    assert_eq!(world.balances(who).await, (0, max));
    assert_eq!(world.one(who, fund(fresh_key(), 1), at(0)).await, Err(Refusal::BalanceTooLarge));
    let number = world.claim(who, payout, at(0)).await.number;
    world.report(who, payout, number, paid(), at(0)).await.unwrap();
    world.one(who, back(payout, max), at(0)).await.unwrap();
    assert_eq!(world.balances(who).await, (max, 0));
    assert_eq!(world.store.payout(who, payout).await.unwrap().unwrap().amount, amount(max));
    let lines = world.store.snapshot_of(who).await.unwrap().entries_after(who, 0, 10).await.unwrap();
    assert!(lines.iter().all(|line| line.entry.amount == amount(max)));
}

async fn times_are_kept_to_the_microsecond(world: World) {
    let year =
        |year| jiff::civil::date(year, 1, 1).at(0, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp();
    let first = Timestamp::UNIX_EPOCH - MICROSECOND;
    world.ask(merchant(0), fund(fresh_key(), 1_000), first).await;
    // In the order of time, as in every book.
    for now in [
        first,
        Timestamp::UNIX_EPOCH,
        year(2000) - MICROSECOND,
        year(2000),
        at(0) + MICROSECOND,
        at(1) - MICROSECOND,
        year(9999),
    ] {
        let id = PayoutId::new(at(0), merchant(0).bucket(), now.as_microsecond().unsigned_abs().into());
        world.ask(merchant(0), create(id, fresh_key(), 1), now).await;
        let stored = world.store.payout(merchant(0), id).await.unwrap().unwrap();
        assert_eq!((stored.created_at, stored.updated_at, stored.due_at()), (now, now, Some(now)));
        let newest = &world.store.ledger(merchant(0), i64::MAX, 1).await.unwrap()[0];
        assert_eq!(newest.entry.created_at, now);
        assert_eq!(world.store.events(merchant(0), newest.entry.seq - 1, 1).await.unwrap()[0].created_at, now);
    }
}

/// What breaks quoting, JSON, SQL, or a guess at a type.
fn texts() -> Vec<String> {
    let mut texts: Vec<String> = [
        "plain",
        " spaces around ",
        "it's \"quoted\" `twice`",
        "back\\slash \\u0000 \\n \\\\",
        "'; DROP TABLE payouts; --",
        "{\"a\": [1, null]}",
        "[1,2]",
        "null",
        "007",
        "1e3",
        "9223372036854775808",
        "$1 %s {0} ? :name",
        "₹ नमस्ते 日本 ß İ",
        "\u{1f4b8}\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467} e\u{301} \u{202e}rtl\u{202c} \u{feff}",
        "line\nbreak\r\ntab\tfeed\u{c}",
        "\u{7f}\u{80}\u{9f}\u{a0}\u{fffd}\u{ffff}\u{10ffff}",
    ]
    .map(str::to_owned)
    .to_vec();
    texts.push((1..0x20).map(char::from).collect());
    texts
}

async fn any_text_comes_back_as_it_was(world: World) {
    let who = merchant(0);
    world.fund(who, 1_000).await;
    for text in texts() {
        let owned = || text.clone();
        let funding = Action::Fund { key: fresh_key(), amount: amount(1), description: owned(), by: None };
        world.one(who, funding, at(0)).await.unwrap();
        assert_eq!(world.store.ledger(who, i64::MAX, 1).await.unwrap()[0].entry.description, Some(owned()));
        let (payout, key) = (fresh_id(who), fresh_key());
        let accepted = world.ask(who, create_to(payout, key, 1, &text), at(0)).await;
        assert_eq!(world.ask(who, create_to(fresh_id(who), key, 1, &text), at(0)).await, accepted);
        assert_eq!(world.store.ledger(who, i64::MAX, 1).await.unwrap()[0].bank_account_id, Some(owned()));
        world.one(who, claim(payout, &text), at(0)).await.unwrap();
        let exchange = Exchange { sent: owned(), received: owned() };
        let doubt = Action::Report { payout, number: 1, answer: BankAnswer::NoAnswer { why: owned() }, exchange };
        world.stored(world.one(who, doubt, at(0)).await).await;
        let attempt = world.store.attempts(who, payout).await.unwrap().remove(0);
        assert_eq!((attempt.worker, attempt.sent, attempt.received), (owned(), Some(owned()), Some(owned())));
        let hand = || ByOperator { name: owned(), action_id: fresh_key().0 };
        world.stored(world.one(who, Action::Ask { payout, by: hand() }, at(1)).await).await;
        let twin = in_doubt(&world, who).await;
        let verdict = Verdict::Paid { utr: Utr::from_stored(owned()) };
        let decision = Action::Decide { payout: twin, verdict, reason: owned(), by: hand() };
        world.stored(world.one(who, decision, at(1)).await).await;
        let row = world.raw().await.texts(&row_of(twin)).await;
        assert_eq!(row, [format!("{}|{}|UTR {}", owned(), owned(), owned())]);
        world.stored(world.one(who, claim(payout, &text), at(60)).await).await;
        world.report(who, payout, 2, BankAnswer::Paid { utr: Utr::from_stored(owned()) }, at(60)).await.unwrap();
        world
            .stored(
                world
                    .one(
                        who,
                        Action::Return { payout, line: BankReturn { reason: owned(), ..line(1, payout, 1, &text) } },
                        at(61),
                    )
                    .await,
            )
            .await;
    }
}

async fn in_doubt(world: &World, who: MerchantId) -> PayoutId {
    world.ended(who, 1, BankAnswer::NoAnswer { why: "timeout".to_owned() }).await
}

fn row_of(payout: PayoutId) -> String {
    format!("SELECT operator || '|' || reason || '|' || detail FROM operator_actions WHERE subject = '{payout}'")
}

/// PostgreSQL cannot store a NUL, so neither store accepts one. Input must be cleaned by the caller.
async fn a_nul_is_refused_by_either(world: World) {
    let who = merchant(0);
    world.fund(who, 1_000).await;
    let payout = world.payout(who, 1).await;
    let doubtful = in_doubt(&world, who).await;
    let claimed = claim(payout, "w");
    let nul = || "a\0b".to_owned();
    world.one(who, claimed, at(0)).await.unwrap();
    let exchange = Exchange { sent: String::new(), received: nul() };
    for action in [
        create_to(fresh_id(who), fresh_key(), 1, &nul()),
        Action::Fund { key: fresh_key(), amount: amount(1), description: nul(), by: None },
        claim(payout, &nul()),
        report(payout, 1, BankAnswer::Paid { utr: Utr::from_stored(nul()) }),
        report(payout, 1, BankAnswer::Refused { reason: nul() }),
        Action::Report { payout, number: 1, answer: paid(), exchange },
        Action::Ask { payout: doubtful, by: ByOperator { name: nul(), ..by() } },
        Action::Decide { payout: doubtful, verdict: Verdict::NotPaid, reason: nul(), by: by() },
    ] {
        let error = world.run(&[Command { merchant: who, action }], at(100)).await.unwrap_err();
        assert!(matches!(error, StoreError::Refused(_)), "{error:?}");
    }
    world.report(who, payout, 1, paid(), at(1)).await.unwrap();
}

async fn an_account_has_255_characters_whatever_their_bytes(world: World) {
    world.fund(merchant(0), 1_000).await;
    for text in ["a".repeat(255), "₹".repeat(255), "\u{1f4b8}".repeat(255)] {
        let id = fresh_id(merchant(0));
        world.ask(merchant(0), create_to(id, fresh_key(), 1, &text), at(0)).await;
        assert_eq!(world.store.payout(merchant(0), id).await.unwrap().unwrap().bank_account_id.as_str(), text);
    }
    for text in ["", &"₹".repeat(256)] {
        let wish = create_to(fresh_id(merchant(0)), fresh_key(), 1, text);
        let batch = [Command { merchant: merchant(0), action: wish }];
        let error = world.run(&batch, at(0)).await.unwrap_err();
        assert!(matches!(error, StoreError::Refused(_)), "{error:?}");
    }
}
