//! Promises 7 to 10 under fire: two thousand payouts with the default odds, while the API, the worker
//! and the bank are killed (SIGKILL) and started again, over and over.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::storm::{HASTE, all_clients, check_answers, check_money, settled};
use crate::support::{Process, World};

on_both_stores!(two_thousand_payouts_survive_the_death_of_every_process);

const PAYOUTS: usize = 2_000;
const DEATHS: usize = 12;
async fn two_thousand_payouts_survive_the_death_of_every_process(world: World) {
    let mut town = Town::build(&world);
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let clients = tokio::spawn(all_clients(town.api_url.clone(), PAYOUTS, acknowledged.clone()));
    for death in 0..DEATHS {
        // Spread over the whole run, however fast it is.
        let due = (death + 1) * PAYOUTS / (DEATHS + 2);
        while acknowledged.load(Ordering::SeqCst) < due {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        town.kill_one_and_start_it_again(death);
    }
    let answers = clients.await.unwrap();
    settled(town.api()).await;
    check_answers(town.api(), answers).await;
    check_money(town.api()).await;
    check_that_death_was_felt(&world).await;
    world.verify();
}

/// Three processes, each on a port that it keeps.
struct Town<'a> {
    world: &'a World,
    api: Option<Process>,
    worker: Option<Process>,
    bank: Option<Process>,
    api_url: String,
    bank_url: String,
}

impl<'a> Town<'a> {
    fn build(world: &'a World) -> Self {
        let bank = world.start(&["bank"], &HASTE);
        let api = world.start(&["serve"], &[("PAYRAIL_ROLE", "api")]);
        let (api_url, bank_url) = (api.url.clone(), bank.url.clone());
        let mut town = Self { world, api: Some(api), worker: None, bank: Some(bank), api_url, bank_url };
        town.start_worker();
        town
    }

    fn start_worker(&mut self) {
        let mut command = self.world.command(&["serve"]);
        command.env("PAYRAIL_ROLE", "worker").env("PAYRAIL_BANK_URL", &self.bank_url).envs(HASTE);
        self.worker = Some(Process::silent(command));
    }

    fn kill_one_and_start_it_again(&mut self, death: usize) {
        match death % 3 {
            0 => {
                self.worker.take().into_iter().for_each(Process::kill);
                self.start_worker();
            }
            1 => {
                self.bank.take().into_iter().for_each(Process::kill);
                let addr = self.bank_url.replace("http://", "");
                let settings: Vec<_> = HASTE.into_iter().chain([("PAYRAIL_BANK_ADDR", addr.as_str())]).collect();
                self.bank = Some(self.world.start(&["bank"], &settings));
            }
            _ => {
                self.api.take().into_iter().for_each(Process::kill);
                let addr = self.api_url.replace("http://", "");
                let settings = [("PAYRAIL_ROLE", "api"), ("PAYRAIL_ADDR", addr.as_str())];
                self.api = Some(self.world.start(&["serve"], &settings));
            }
        }
    }

    fn api(&self) -> &Process {
        self.api.as_ref().unwrap()
    }
}

/// Attempts that nobody ever reported on: their workers died in the middle of the call.
async fn check_that_death_was_felt(world: &World) {
    let store = world.database.store().await;
    let (mut calls, mut orphans) = (0, 0);
    for merchant in store.merchants(None, 10).await.unwrap() {
        let mut before = None;
        loop {
            let page = store.payouts(merchant.id, before, 200).await.unwrap();
            for payout in &page {
                let attempts = store.attempts(merchant.id, payout.id).await.unwrap();
                calls += attempts.len();
                orphans += attempts.iter().filter(|attempt| attempt.outcome.is_none()).count();
            }
            match page.last() {
                Some(last) => before = Some(last.id),
                None => break,
            }
        }
    }
    println!("{calls} calls to the bank, {orphans} of them by workers that died before they could report");
    assert!(orphans > 0, "the deaths came at moments when nothing was under way: the test proved nothing");
}
