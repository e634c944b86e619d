//! Concurrent clients, workers and readers with few payouts and keys, so that they conflict.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use payrail_core::command::{Action, Command, Reply};
use payrail_core::decide::Rules;
use payrail_core::idempotency::IdempotencyKey;
use payrail_core::payout::BankAnswer;
use payrail_store::{Store, StoreError};
use payrail_types::ids::{MerchantId, PayoutId};
use payrail_types::names::Utr;
use uuid::Uuid;

use super::record::{Asked, Record};
use super::sequence::Answered;
use crate::histories::Dice;
use crate::proxy::{Cut, Proxy};
use crate::world::{at, claim, create, fresh_id, fund, report};

#[derive(Clone)]
pub struct Shared {
    rules: Rules,
    owners: [MerchantId; 2],
    record: Arc<Mutex<Record>>,
    /// The known payouts, each with its newest known attempt.
    board: Arc<Mutex<Vec<(MerchantId, PayoutId, u32)>>>,
    clock: Arc<AtomicI64>,
}

impl Shared {
    pub fn new(rules: Rules, owners: [MerchantId; 2]) -> Self {
        let record = Arc::new(Mutex::new(Record::new(&owners)));
        Self { rules, owners, record, board: Arc::default(), clock: Arc::default() }
    }

    pub fn record(&self) -> Record {
        self.record.lock().unwrap().clone()
    }

    /// Creates the payouts that all clients share.
    pub async fn open(&self, store: &Store) {
        for merchant in self.owners {
            let commands = [fund(key(0), 1_000), create(fresh_id(merchant), key(1), 100)];
            let batch = commands.map(|action| Command { merchant, action }).to_vec();
            self.run(store, 100, batch).await;
        }
    }

    /// What is left in the end is part of the record, too.
    pub async fn close(&self, store: &Store) {
        for merchant in self.owners {
            self.read_tip(store, 100, merchant).await;
        }
        let board = self.board.lock().unwrap().clone();
        for (merchant, payout, _) in board {
            self.read_payout(store, 100, merchant, payout).await;
        }
    }

    pub async fn ask_away(&self, store: &Store, number: usize, questions: usize, mut dice: Dice) {
        for _ in 0..questions {
            let merchant = self.owners[dice.roll(2) as usize];
            match dice.roll(8) {
                0 => self.read_tip(store, number, merchant).await,
                1 => {
                    let Some((owner, payout, _)) = self.pick(&mut dice) else { continue };
                    self.read_payout(store, number, owner, payout).await;
                }
                _ => {
                    let batch = (0..=dice.roll(3)).map(|_| self.command(merchant, &mut dice)).collect();
                    self.run(store, number, batch).await;
                }
            }
        }
    }

    fn command(&self, merchant: MerchantId, dice: &mut Dice) -> Command {
        // Keys make payouts of 100 to 500 paise; now and then one is used for something else.
        let number = 1 + dice.roll(5);
        let amount = 100 * number as i64 + i64::from(dice.roll(6) == 0);
        let about = self.pick(dice);
        let Some((owner, payout, newest)) = about else {
            return Command { merchant, action: fund(key(number + 10), 50) };
        };
        let action = match dice.roll(12) {
            0 => return Command { merchant, action: fund(key(number + 10), 50) },
            1..=4 => return Command { merchant, action: create(fresh_id(merchant), key(number), amount) },
            5..=7 => claim(payout, ["worker-1", "worker-2"][dice.roll(2) as usize]),
            8 => Action::Cancel { payout },
            9 => Action::Release { payout, number: newest },
            _ => report(payout, newest, said(dice)),
        };
        Command { merchant: owner, action }
    }

    fn pick(&self, dice: &mut Dice) -> Option<(MerchantId, PayoutId, u32)> {
        let board = self.board.lock().unwrap();
        if board.is_empty() { None } else { Some(board[dice.roll(board.len() as u64) as usize]) }
    }

    async fn run(&self, store: &Store, client: usize, batch: Vec<Command>) {
        let number = self.record.lock().unwrap().begin(client, Asked::Batch(batch.clone(), at(0)));
        let read = Mutex::new(None);
        // While the merchants are locked, so that others have time to arrive.
        let now = || {
            std::thread::sleep(Duration::from_micros(300));
            let now = at(self.clock.fetch_add(13, Ordering::Relaxed));
            *read.lock().unwrap() = Some(now);
            now
        };
        let done = store.execute(&batch, &self.rules, &now).await;
        let now: Option<Timestamp> = *read.lock().unwrap();
        let mut record = self.record.lock().unwrap();
        match done {
            Ok(replies) => {
                self.note(&batch, &replies);
                record.end(number, now, Answered::Replies(replies));
            }
            Err(StoreError::CommitUnknown(_)) => record.never_end(number, now),
            Err(StoreError::Unavailable(_)) => record.strike_out(number),
            Err(error) => panic!("to be late is no error: {error}"),
        }
    }

    fn note(&self, batch: &[Command], replies: &payrail_store::Replies) {
        let mut board = self.board.lock().unwrap();
        for (command, reply) in batch.iter().zip(replies) {
            match (&command.action, reply) {
                (Action::Create { id, .. }, Ok(Reply::Answered { answer, replayed: false }))
                    if answer.status == 201 =>
                {
                    board.push((command.merchant, *id, 0));
                }
                (_, Ok(Reply::Claimed { attempt, .. })) => {
                    let known = board.iter_mut().find(|(_, payout, _)| *payout == attempt.payout);
                    known.into_iter().for_each(|(.., newest)| *newest = attempt.number);
                }
                _ => {}
            }
        }
    }

    async fn read_tip(&self, store: &Store, client: usize, merchant: MerchantId) {
        let number = self.record.lock().unwrap().begin(client, Asked::Tip(merchant));
        let tip = store.tip(merchant).await.unwrap();
        self.record.lock().unwrap().end(number, None, Answered::Tip(tip));
    }

    async fn read_payout(&self, store: &Store, client: usize, merchant: MerchantId, payout: PayoutId) {
        let number = self.record.lock().unwrap().begin(client, Asked::Payout(merchant, payout));
        let read = store.payout(merchant, payout).await.unwrap();
        self.record.lock().unwrap().end(number, None, Answered::Payout(read));
    }
}

fn key(number: u64) -> IdempotencyKey {
    IdempotencyKey(Uuid::from_u128(0xc0c0_0000_0000_4000_8000_0000_0000_0000 + u128::from(number)))
}

fn said(dice: &mut Dice) -> BankAnswer {
    match dice.roll(5) {
        0 => BankAnswer::Paid { utr: Utr::from_stored("UTR1") },
        1 => BankAnswer::Refused { reason: "account closed".to_owned() },
        2 => BankAnswer::NeverReceived,
        3 => BankAnswer::Unreachable { why: "connection refused".to_owned() },
        _ => BankAnswer::NoAnswer { why: "timeout".to_owned() },
    }
}

/// A connection dies on COMMIT, before it gets through or after its answer has come.
pub async fn cut_now_and_then(proxy: &Proxy, mut dice: Dice) {
    if dice.roll(2) == 0 {
        tokio::time::sleep(Duration::from_millis(dice.roll(20))).await;
        proxy.cut(Cut { at: "COMMIT\0", after_the_answer: dice.roll(2) == 0 });
    }
}
