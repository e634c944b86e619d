//! Arbitrary histories of several merchants, compared with independent records of accounts, keys and payouts: the
//! promises hold after every command, whatever the commands and their order.

#[path = "../common/mod.rs"]
mod common;
mod generate;
mod hands;
mod keys;
mod money;
mod payouts;

use std::collections::BTreeMap;

use jiff::Timestamp;
use payrail_core::bank_return::ExceptionKind;
use payrail_core::command::{Command, Refusal, Reply};
use payrail_types::word::Word;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use common::Store;
use generate::{History, MERCHANTS, Scribe, histories};
use payrail_core::writes::Writes;

/// The commands at one time.
type Batch = (Timestamp, Vec<Command>);

/// The usual number of cases (`PROPTEST_CASES`), divided where one case is several runs. A failure writes no files.
fn one_in(parts: u32) -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig { cases: usual.cases.div_ceil(parts), failure_persistence: None, ..usual }
}

proptest! {
    #![proptest_config(one_in(1))]

    #[test]
    fn every_command_of_any_history_keeps_the_promises(history in histories()) {
        play(&history);
    }
}

proptest! {
    #![proptest_config(one_in(2))]

    #[test]
    fn the_division_into_batches_changes_nothing(history in histories(), sizes in vec(1..6usize, 8)) {
        let (one_by_one, batches) = play(&history);
        let whole = replay(&history, &batches);
        assert_eq!(whole.log, one_by_one.log);
        let mut sizes = sizes.iter().copied().cycle();
        let cut: Vec<_> = batches.iter().flat_map(|batch| pieces(batch, &mut sizes)).collect();
        let in_pieces = replay(&history, &cut);
        assert_eq!(in_pieces.log, one_by_one.log);
        assert_eq!(in_pieces.books, one_by_one.books);
    }

    #[test]
    fn a_merchants_book_is_made_by_its_own_commands_alone(history in histories()) {
        let (together, batches) = play(&history);
        for merchant in (0..MERCHANTS).map(common::merchant) {
            let own = |commands: &Vec<Command>| commands.iter().filter(|c| c.merchant == merchant).cloned().collect();
            let alone: Vec<_> = batches.iter().map(|(now, commands)| (*now, own(commands))).collect();
            // Except for a UTR of two merchants' payouts: that is for operators, and no merchant sees it.
            let [alone, together] = [&replay(&history, &alone).log, &together.log].map(|log| {
                let mut own = common::part_of(log, merchant);
                own.exceptions.retain(|(_, exception)| exception.kind != ExceptionKind::DuplicateUtr);
                own
            });
            assert_eq!(alone, together);
        }
    }
}

/// Runs one command at a time and checks everything after it.
fn play(history: &History) -> (Store, Vec<Batch>) {
    let mut store = Store::new(history.policy, MERCHANTS);
    let mut scribe = Scribe::new();
    let mut watch = Watch::default();
    let opening = scribe.opening(history);
    for command in &opening {
        watch.run(command, scribe.now, &mut store);
    }
    let mut batches = vec![(scribe.now, opening)];
    for tick in &history.ticks {
        scribe.pass(tick.micros);
        let mut batch = Vec::new();
        for wish in &tick.wishes {
            let Some(command) = scribe.command(wish, &store) else { continue };
            watch.run(&command, scribe.now, &mut store);
            batch.push(command);
        }
        batches.push((scribe.now, batch));
    }
    money::check_each_payouts_entries(&store.log);
    (store, batches)
}

fn replay(history: &History, batches: &[Batch]) -> Store {
    let mut store = Store::new(history.policy, MERCHANTS);
    for (now, commands) in batches {
        store.run(commands, *now);
    }
    store
}

fn pieces((now, commands): &Batch, sizes: &mut impl Iterator<Item = usize>) -> Vec<Batch> {
    let mut rest = &commands[..];
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(sizes.next().unwrap_or(1).min(rest.len()));
        pieces.push((*now, piece.to_vec()));
        rest = after;
    }
    pieces
}

#[derive(Default)]
struct Watch {
    accounts: money::Accounts,
    hands: hands::Hands,
    keys: keys::Keys,
    payouts: payouts::Payouts,
}

impl Watch {
    fn run(&mut self, command: &Command, now: Timestamp, store: &mut Store) {
        let log = store.run(std::slice::from_ref(command), now);
        self.see(command, now, store, &log);
    }

    fn see(&mut self, command: &Command, now: Timestamp, store: &Store, log: &Writes) {
        let merchant = command.merchant;
        if log.replies[0].is_err() {
            assert!(common::wrote_nothing(log), "a refused command wrote");
        }
        assert_eq!(
            common::part_of(log, merchant),
            Writes { replies: Vec::new(), ..log.clone() },
            "another merchant's book changed"
        );
        if !store.books.contains_key(&merchant) {
            return assert_eq!(log.replies, [Err(Refusal::UnknownMerchant)]);
        }
        let before = self.accounts.of(merchant);
        self.accounts.see(log);
        self.hands.see(command, before.at(now), log);
        self.keys.see(command, now, &store.policy, before, log);
        self.payouts.see(command, now, &store.policy, before, log);
        assert_eq!(self.accounts.of(merchant).held, self.payouts.held(merchant), "held is what is under way");
    }
}

/// Checks that the histories reach every interesting case.
#[test]
fn the_histories_reach_every_case() {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let mut runner = TestRunner::deterministic();
    for _ in 0..1_500 {
        let history = histories().new_tree(&mut runner).unwrap().current();
        let (store, _) = play(&history);
        for reply in &store.log.replies {
            *seen.entry(name(reply)).or_default() += 1;
        }
        for (_, event) in &store.log.events {
            *seen.entry(event.kind.as_str().to_owned()).or_default() += 1;
        }
        for (_, exception) in &store.log.exceptions {
            *seen.entry(exception.kind.as_str().to_owned()).or_default() += 1;
        }
        for action in &store.log.actions {
            *seen.entry(action.action.as_str().to_owned()).or_default() += 1;
        }
        for (_, end) in &store.log.closed {
            *seen.entry(format!("ended {}", end.outcome.as_str())).or_default() += 1;
        }
    }
    let rare: Vec<_> = PLACES.split(", ").filter(|place| seen.get(*place).is_none_or(|times| *times < 5)).collect();
    assert!(rare.is_empty(), "hardly seen: {rare:?} in {seen:#?}");
}

const PLACES: &str = "201, 201 again, 400, 400 again, stepped, \
    claimed to submit, claimed to enquire, claimed to close, \
    UnknownMerchant, UnknownPayout, KeyReused, NotDue, StaleAttempt, BalanceTooLarge, \
    NotCancellable(Processing), NotCancellable(Completed), NotCancellable(Failed), \
    NotReturnable(Pending), NotReturnable(Processing), NotReturnable(Returned), \
    return_other_amount, return_other_utr, return_of_unpaid, return_again, duplicate_utr, exception, \
    NotInDoubt(Pending), NotInDoubt(Processing), NotInDoubt(Completed), NotInDoubt(Failed), Held, \
    NotFarAhead, funded, asked_bank, brought_forward, decided_paid, decided_not_paid, \
    payout.pending, payout.processing, payout.completed, payout.failed, payout.cancelled, payout.returned, \
    payout.in_doubt, balance.funded, \
    ended paid, ended refused, ended never_received, ended closed, ended no_answer, ended unreachable, \
    ended released";

fn name(reply: &Result<Reply, Refusal>) -> String {
    match reply {
        Ok(Reply::Answered { answer, replayed }) => {
            format!("{}{}", answer.status, if *replayed { " again" } else { "" })
        }
        Ok(Reply::Claimed { attempt, .. }) => format!("claimed to {}", attempt.kind.as_str()),
        Ok(Reply::Updated(_)) => "stepped".to_owned(),
        Ok(Reply::Exception(_)) => "exception".to_owned(),
        Err(refusal) => format!("{refusal:?}"),
    }
}
