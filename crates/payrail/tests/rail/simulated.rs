//! The rail understands every answer and list of the simulated bank.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use payrail::rail::lists::Row;
use payrail::rail::{Instruction, Rail};
use payrail_bank::{self as bank, Odds, Running, Settings, accounts};
use payrail_core::payout::BankAnswer;
use payrail_store::testing::{DEADLINE, until};
use payrail_types::money::Amount;
use payrail_types::names::Utr;

/// A folder that goes when the test ends.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("payrail-rail-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    /// Quick, and certain to pay unless an account says otherwise.
    fn settings(&self, addr: SocketAddr) -> Settings {
        Settings {
            addr,
            book: self.0.join("book.db"),
            odds: Odds { paid_percent: 100, refused_percent: 0 },
            silence: Duration::from_millis(200),
            returns_after: Duration::from_millis(50),
            can_be_reset: true,
            ..Settings::default()
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

async fn start(settings: Settings) -> (Running, Rail) {
    let bank = bank::start(settings).await.unwrap();
    let rail = Rail::http(&format!("http://{}", bank.addr()), DEADLINE).unwrap();
    (bank, rail)
}

pub fn of<'a>(reference: &'a str, amount: i64, bank_account_id: &'a str) -> Instruction<'a> {
    Instruction { reference, amount: Amount::new(amount).unwrap(), bank_account_id }
}

fn paid(number: i64) -> BankAnswer {
    BankAnswer::Paid { utr: Utr::from_stored(format!("SIMB{number:012}")) }
}

pub fn is_no_answer(answer: &BankAnswer) -> bool {
    matches!(answer, BankAnswer::NoAnswer { .. })
}

/// The rows of a list, each of which can be read.
fn all<T>(rows: Vec<Row<T>>) -> Vec<T> {
    rows.into_iter().map(|row| row.unwrap_or_else(|unreadable| panic!("{unreadable:?}"))).collect()
}

#[tokio::test]
async fn every_answer_is_understood() {
    let scratch = Scratch::new();
    let (_bank, rail) = start(scratch.settings(ANY_PORT)).await;
    assert_eq!(rail.submit(of("R1", 100, accounts::SUCCESS)).await.answer, paid(1));
    assert_eq!(rail.enquire(of("R1", 100, accounts::SUCCESS)).await.answer, paid(1));
    assert!(matches!(rail.submit(of("R2", 100, accounts::FAIL)).await.answer, BankAnswer::Refused { .. }));
    assert!(matches!(rail.enquire(of("R2", 100, accounts::FAIL)).await.answer, BankAnswer::Refused { .. }));
    let silent = of("R3", 100, accounts::TIMEOUT_PAID);
    assert!(is_no_answer(&rail.submit(silent).await.answer));
    assert_eq!(rail.enquire(silent).await.answer, paid(2));
    assert_eq!(rail.enquire(of("R4", 100, "any")).await.answer, BankAnswer::NeverReceived);
    assert_eq!(rail.close(of("R4", 100, "any")).await.answer, BankAnswer::Closed);
    // The bank knows the reference for another amount or account: that is no answer about this one.
    for other in [of("R1", 101, accounts::SUCCESS), of("R1", 100, "any")] {
        assert!(is_no_answer(&rail.submit(other).await.answer) && is_no_answer(&rail.enquire(other).await.answer));
    }
}

#[tokio::test]
async fn every_list_is_understood_to_the_letter() {
    let scratch = Scratch::new();
    let (_bank, rail) = start(scratch.settings(ANY_PORT)).await;
    let accounts = ["\"quoted\\\"\n\t\u{1}", "दुकान 🏦", &"é".repeat(255), "null", accounts::RETURN];
    for (n, account) in accounts.iter().enumerate() {
        let answer = rail.submit(of(&format!("A{n}"), i64::MAX, account)).await.answer;
        assert!(matches!(answer, BankAnswer::Paid { .. }), "{answer:?}");
    }
    until("the return is listed", async || !rail.returns(0, 10).await.unwrap().is_empty()).await;
    let paid = all(rail.paid(0, 100).await.unwrap());
    assert!(paid.iter().all(|line| line.amount.get() == i64::MAX && line.returned == (line.reference == "A4")));
    assert!(paid.iter().map(|line| line.bank_account_id.as_str()).eq(accounts));
    let [returned] = &all(rail.returns(0, 10).await.unwrap())[..] else { panic!("one came back") };
    assert_eq!((returned.reference.as_str(), &returned.utr), ("A4", &paid[4].utr));
    assert_eq!((returned.number, returned.amount_paise), (1, i64::MAX));
}

#[tokio::test]
async fn a_bank_is_reset_by_its_identity() {
    let scratch = Scratch::new();
    let (bank, rail) = start(scratch.settings(ANY_PORT)).await;
    rail.submit(of("R1", 100, "any")).await;
    let before = rail.identity().await.unwrap();
    rail.reset(&before).await.unwrap();
    assert_ne!(rail.identity().await.unwrap(), before);
    assert!(rail.paid(0, 10).await.unwrap().is_empty());
    bank.stop().await;
    let (_bank, rail) = start(Settings { can_be_reset: false, ..scratch.settings(ANY_PORT) }).await;
    rail.reset(&rail.identity().await.unwrap()).await.unwrap_err();
}

/// The bank hung up on a connection that the rail kept: it cannot know how far its call came.
#[tokio::test]
async fn a_restarted_bank_is_reached_again() {
    let scratch = Scratch::new();
    // An address where no other program can take the port meanwhile.
    let addr = (own_address(), 0).into();
    let (bank, rail) = start(scratch.settings(addr)).await;
    let addr = bank.addr();
    assert_eq!(rail.submit(of("R1", 100, "any")).await.answer, paid(1));
    bank.stop().await;
    assert!(matches!(rail.submit(of("R2", 100, "any")).await.answer, BankAnswer::Unreachable { .. }));

    let (_bank, _) = start(scratch.settings(addr)).await;
    assert_eq!(rail.submit(of("R2", 100, "any")).await.answer, paid(2));
}

/// Of the loopback network's sixteen million, nearly all of which are nobody's.
fn own_address() -> Ipv4Addr {
    let [a, b, c, _] = uuid::Uuid::new_v4().as_u128().to_be_bytes()[..4] else { unreachable!() };
    Ipv4Addr::new(127, a.max(1), b, c.clamp(1, 254))
}
