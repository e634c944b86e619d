//! A client: sends requests and retries under the same key until it has an answer. It also repeats old requests,
//! cancels payouts, and sometimes reuses a key for another request.

use payrail_core::command::{Action, Command, Reply};
use payrail_core::idempotency::{Answer, IdempotencyKey};
use payrail_types::ids::{MerchantId, PayoutId};
use uuid::Uuid;

use crate::common::{create_on, fund, payout_id};
use crate::event::{Asker, Event, Outcome};
use crate::plan::{MILLISECOND, SECOND};
use crate::watch::{Kept, ensure, promise};
use crate::world::World;

#[derive(Debug)]
pub struct Client {
    number: usize,
    pub merchant: MerchantId,
    /// Its remaining requests.
    wishes: u32,
    /// All its requests, and the one that it waits for.
    asked: Vec<Wish>,
    waits: Option<usize>,
    tries: u32,
    /// Its log: its answers, and the payouts in them.
    pub log: Vec<(IdempotencyKey, Answer)>,
    made: Vec<PayoutId>,
}

#[derive(Clone, Copy, Debug)]
enum Wish {
    Create { key: IdempotencyKey, paise: i64, account: u8 },
    Fund { key: IdempotencyKey, paise: i64 },
    Cancel { payout: PayoutId },
}

impl Client {
    pub fn new(number: usize, merchant: MerchantId, wishes: u32) -> Self {
        let (asked, waits, log, made) = (Vec::new(), None, Vec::new(), Vec::new());
        Self { number, merchant, wishes, asked, waits, tries: 0, log, made }
    }

    /// Whether all its requests are answered.
    pub fn is_content(&self) -> bool {
        self.wishes == 0 && self.waits.is_none()
    }

    fn fresh_key(&self) -> IdempotencyKey {
        let number = (self.number as u128) << 16 | self.asked.len() as u128;
        IdempotencyKey(Uuid::from_u128(0xb0b0_0000_0000_4000_8000_0000_0000_0000 + number))
    }
}

impl World {
    pub fn client_acts(&mut self, number: usize) {
        if self.clients[number].waits.is_none() {
            if self.clients[number].wishes == 0 {
                return;
            }
            let wish = self.wish(number);
            let client = &mut self.clients[number];
            client.wishes -= 1;
            client.tries = 0;
            client.waits = Some(client.asked.len());
            client.asked.push(wish);
        }
        self.ask(number);
        let patience = (2 * SECOND) << self.clients[number].tries.min(4);
        let wait = self.dice.between(500 * MILLISECOND, patience);
        self.schedule(self.now + wait, Event::Client(number));
    }

    fn wish(&mut self, number: usize) -> Wish {
        let key = self.clients[number].fresh_key();
        let earlier = self.clients[number].asked.len();
        let paise = self.dice.between(1, 1_000);
        match self.dice.below(20) {
            // Every client funds its merchant first.
            _ if earlier == 0 => Wish::Fund { key, paise: 2 * paise },
            0 => Wish::Fund { key, paise },
            1..=3 => {
                let nth = self.dice.below(earlier);
                self.clients[number].asked[nth]
            }
            4 => {
                let nth = self.dice.below(earlier);
                match self.clients[number].asked[nth] {
                    Wish::Create { key, paise, account } => Wish::Create { key, paise: paise + 1, account },
                    Wish::Fund { key, .. } => Wish::Create { key, paise, account: 0 },
                    cancel @ Wish::Cancel { .. } => cancel,
                }
            }
            5..=6 if !self.clients[number].made.is_empty() => {
                let nth = self.dice.below(self.clients[number].made.len());
                Wish::Cancel { payout: self.clients[number].made[nth] }
            }
            _ => Wish::Create { key, paise, account: self.dice.below(2) as u8 },
        }
    }

    /// Sends the current request to any of the API processes.
    fn ask(&mut self, number: usize) {
        let client = &mut self.clients[number];
        let Some(request) = client.waits else { return };
        client.tries += 1;
        let merchant = client.merchant;
        let action = match client.asked[request] {
            Wish::Create { key, paise, account } => {
                // The API gives every try an id of its own.
                self.ids += 1;
                let account = ["account-0", "account-1"][usize::from(account)];
                // Each process has a default rail of its own, so a retry may name another rail.
                let rail = self.plan.rails[self.dice.below(self.plan.rails.len())].0;
                create_on(rail, payout_id(merchant, self.ids), key, paise, account)
            }
            Wish::Fund { key, paise } => fund(key, paise),
            Wish::Cancel { payout } => Action::Cancel { payout },
        };
        let api = self.dice.below(self.plan.apis);
        let api = self.at(api);
        self.send(Event::Asked(api, Command { merchant, action }, Asker::Client(number, request as u64)));
    }

    /// Writes an answer into the client's log. From now on it must be true.
    pub fn client_hears(&mut self, number: usize, request: u64, outcome: Outcome) -> Kept {
        let Some(decided) = outcome else { return Ok(()) };
        let client = &mut self.clients[number];
        let request = request as usize;
        if client.waits == Some(request) {
            client.waits = None;
        }
        let (Ok(Reply::Answered { answer, .. }), Wish::Create { key, .. } | Wish::Fund { key, .. }) =
            (decided, client.asked[request])
        else {
            return Ok(());
        };
        if answer.status == 201 {
            let record = self.store.books[&client.merchant].records.get(&key).and_then(Option::as_ref);
            let kept = record.is_some_and(|record| record.answer == answer);
            ensure(kept, promise::DURABLE, || format!("{key} was answered {answer:?}, and the store has {record:?}"))?;
            client.made.extend(record.and_then(|record| record.payout));
        }
        client.log.push((key, answer));
        Ok(())
    }
}
