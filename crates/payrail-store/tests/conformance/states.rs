//! Every state round-trips with every field: the store reads what the core decided.

use payrail_core::command::Action;
use payrail_core::payout::{AttemptKind, BankAnswer, Payout, State};
use payrail_types::ids::PayoutId;
use payrail_types::names::BankAccountId;
use payrail_types::word::Word;

use crate::world::{World, amount, at, back, claim, merchant, no_answer, paid, refused, report, request_id};

on_all_stores!(every_state_comes_back_with_every_field);

/// Whose steps these are: each is taken by the store and then read back.
struct Life<'a> {
    world: &'a World,
    payout: PayoutId,
    seconds: i64,
}

impl Life<'_> {
    async fn step(&mut self, action: Action) -> Payout {
        self.seconds += 3_600;
        self.world.stored(self.world.one(merchant(0), action, at(self.seconds)).await).await
    }

    async fn claim(&mut self) -> Payout {
        self.step(claim(self.payout, "worker-1")).await
    }

    async fn report(&mut self, number: u32, answer: BankAnswer) -> Payout {
        self.step(report(self.payout, number, answer)).await
    }
}

async fn life(world: &World) -> Life<'_> {
    let payout = world.payout(merchant(0), 1).await;
    let stored = world.store.payout(merchant(0), payout).await.unwrap().unwrap();
    // It is due at once, but its entry comes after the earlier payouts' entries.
    let Payout { created_at, updated_at, .. } = stored;
    let new = Payout::new(payout, amount(1), BankAccountId::from_stored("demo-bank-account"), at(0));
    assert_eq!(stored, Payout { request_id: request_id(), created_at, updated_at, ..new });
    assert!(created_at >= at(0) && created_at == updated_at);
    Life { world, payout, seconds: 0 }
}

async fn every_state_comes_back_with_every_field(world: World) {
    world.fund(merchant(0), 1_000).await;
    let mut seen = Vec::new();
    for life in [returned(&world).await, closed(&world).await, failed(&world).await, cancelled(&world).await] {
        seen.extend(life);
    }
    check_variety(&seen);
}

async fn returned(world: &World) -> Vec<Payout> {
    let mut life = life(world).await;
    let payout = life.payout;
    vec![
        life.claim().await,                              // leased, no doubt
        life.report(1, no_answer()).await,               // waiting, in doubt, to enquire
        life.claim().await,                              // leased, in doubt
        life.report(2, BankAnswer::NeverReceived).await, // to submit again
        life.claim().await,
        life.step(Action::Release { payout, number: 3 }).await,
        life.claim().await,
        life.claim().await, // taken over
        life.report(5, paid()).await,
        life.step(back(payout, 1)).await,
    ]
}

/// Three submissions without a definite answer; then the reference is closed.
async fn closed(world: &World) -> Vec<Payout> {
    let (mut life, mut seen) = (life(world).await, Vec::new());
    let (silence, never) = (no_answer, || BankAnswer::NeverReceived);
    let down = || BankAnswer::Unreachable { why: "down".to_owned() };
    let answers = [silence(), never(), silence(), never(), down(), silence(), never(), silence(), BankAnswer::Closed];
    for (number, answer) in (1..).zip(answers) {
        seen.push(life.claim().await);
        seen.push(life.report(number, answer).await);
    }
    seen
}

async fn failed(world: &World) -> Vec<Payout> {
    let mut life = life(world).await;
    let payout = life.payout;
    vec![
        life.claim().await,
        life.step(Action::Release { payout, number: 1 }).await, // waiting, no doubt
        life.claim().await,
        life.report(2, BankAnswer::Unreachable { why: "down".to_owned() }).await,
        life.claim().await,
        life.report(3, refused()).await,
    ]
}

async fn cancelled(world: &World) -> Vec<Payout> {
    let mut life = life(world).await;
    let payout = life.payout;
    vec![life.step(Action::Cancel { payout }).await]
}

/// The histories above must reach every kind of state.
fn check_variety(seen: &[Payout]) {
    let has = |what: &str, test: &dyn Fn(&State) -> bool| {
        assert!(seen.iter().any(|payout| test(&payout.state)), "no payout was {what}");
    };
    for step in AttemptKind::all() {
        has(step.as_str(), &|state| matches!(state, State::Processing(progress) if progress.kind == step));
    }
    for (leased, doubted) in [(false, false), (false, true), (true, false), (true, true)] {
        let fits = |state: &State| {
            matches!(state, State::Processing(progress)
            if progress.leased_by.is_some() == leased && progress.doubt.is_some() == doubted)
        };
        has(&format!("processing (leased: {leased}, in doubt: {doubted})"), &fits);
    }
    has("completed", &|state| matches!(state, State::Completed { .. }));
    has("failed", &|state| matches!(state, State::Failed { .. }));
    has("cancelled", &|state| matches!(state, State::Cancelled));
    has("returned", &|state| matches!(state, State::Returned { .. }));
}
