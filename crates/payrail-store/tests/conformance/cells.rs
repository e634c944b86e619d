//! Several cells: each merchant's rows are in the cell of its bucket, and reads over all merchants look the same as
//! with one cell.

use jiff::Timestamp;
use payrail_core::bank_return::{Exception, ExceptionKind, Facts};
use payrail_core::command::{Action, Command};
use payrail_core::decide::Rules;
use payrail_core::payout::{BankAnswer, Verdict};
use payrail_store::testing::{TestDatabase, TestServer};
use payrail_store::{
    ActionFilter, Cells, EntryFilter, ExceptionFilter, Merchant, Now, Opening, PayoutFilter, Place, Position,
    RecordFilter, Store, StoreError, WaitingReturn, Wanted,
};
use payrail_types::ids::{Bucket, MerchantId, PayoutId};
use payrail_types::names::{Email, Utr};
use payrail_types::rail::RailId;
use uuid::Uuid;

use crate::world::{World, at, by, claim, create, fresh_key, fund, line, no_answer, refused, report};
use payrail_store::testing::Sql as Raw;

on_postgres_only!(
    the_number_is_chosen_once,
    of_two_that_create_it_differently_one_is_told,
    a_merchants_rows_are_in_its_cell,
    lists_over_all_merchants_are_as_with_one_cell,
    no_batch_spans_cells,
    payouts_go_on_while_central_tables_take_no_writes,
    a_utr_that_two_cells_share_is_found,
    a_merchant_in_a_wrong_cell_is_found,
    a_reset_empties_every_cell,
    cells_may_be_on_servers_of_their_own,
    no_other_database_is_taken_for_a_cell,
    where_a_cell_is_dead_its_own_merchants_wait_alone,
);

/// In every cell of four.
const MERCHANTS: u8 = 12;

fn merchant(number: u8) -> MerchantId {
    MerchantId(Uuid::from_u128(0x2edc_2490_a9d6_4bdb_805b_6708_6701_0000 + u128::from(number)))
}

fn person(number: u8) -> Merchant {
    Merchant {
        id: merchant(number),
        name: format!("Merchant {number}"),
        email: Email::from_stored(format!("merchant-{number}@example.com")),
        created_at: at(0),
    }
}

async fn four_cells() -> (TestDatabase, Store) {
    let database = TestDatabase::in_cells(4).await;
    let store = database.store().await;
    add_merchants(&store).await;
    (database, store)
}

async fn add_merchants(store: &Store) {
    for number in 0..MERCHANTS {
        assert!(store.add_merchant(&person(number)).await.unwrap());
    }
}

async fn open(url: &str, cells: Option<u16>) -> payrail_store::Result<Store> {
    open_at(url, cells, &[]).await
}

async fn open_at(url: &str, cells: Option<u16>, cell_urls: &[String]) -> payrail_store::Result<Store> {
    let cells = cells.map(|count| Cells::new(count).unwrap());
    Store::open_with(Opening { url, direct: None, writers: 4, readers: 4, cells, cell_urls }).await
}

fn refused_address(opened: payrail_store::Result<Store>) -> String {
    match opened {
        Err(StoreError::Address(why)) => why,
        other => panic!("{other:?}"),
    }
}

async fn the_number_is_chosen_once(world: World) {
    let (database, store) = four_cells().await;
    assert_eq!(store.cells().get(), 4);
    for same in [None, Some(4)] {
        let again = open(&database.url, same).await.unwrap();
        again.migrate().await.unwrap();
        again.check_schema().await.unwrap();
        assert_eq!(again.cells().get(), 4);
    }
    let why = refused_address(open(&database.url, Some(1)).await);
    assert!(why.contains("has 4 cells") && why.contains("one cell cannot be had here"), "{why}");
    let why = refused_address(open(&world.database.url, Some(2)).await);
    assert!(why.contains("has one cell"), "{why}");
    let sqlite = TestDatabase::sqlite();
    assert!(refused_address(open(&sqlite.url, Some(2)).await).contains("SQLite has one cell"));
    assert!(
        refused_address(open_at(&sqlite.url, None, std::slice::from_ref(&world.database.url)).await)
            .contains("one cell")
    );
    assert_eq!(open(&sqlite.url, Some(1)).await.unwrap().cells(), Cells::ONE);
}

/// Both have found an empty database.
async fn of_two_that_create_it_differently_one_is_told(_: World) {
    let database = TestDatabase::postgres().await;
    let (four, one) = (open(&database.url, Some(4)).await.unwrap(), open(&database.url, None).await.unwrap());
    four.migrate().await.unwrap();
    match one.migrate().await {
        Err(StoreError::Retry(why)) => assert!(why.contains("with 4 cells"), "{why}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(open(&database.url, None).await.unwrap().cells().get(), 4);
}

async fn a_merchants_rows_are_in_its_cell(world: World) {
    let (database, store) = four_cells().await;
    play(&World { store, rules: world.rules, database }, |world| {
        let url = world.database.url.clone();
        async move {
            let mut raw = Raw::connect(&url).await;
            let tables = ["merchants", "ledger_entries", "payouts", "attempts", "idempotency_records", "outbox"];
            for table in tables {
                assert_eq!(raw.count(&format!("public.{table}")).await, 0, "{table}");
                for cell in 0..4 {
                    let rows = format!("payrail_cell_{cell:02}.{table}");
                    let outside = format!("{rows} WHERE bucket / 64 <> {cell}");
                    assert!(raw.count(&rows).await > 0, "{rows}");
                    assert_eq!(raw.count(&outside).await, 0, "{rows}");
                }
            }
            for table in ["merchant_directory", "api_keys", "settings"] {
                assert_eq!(raw.count(&format!("payrail_cell_00.{table}")).await, 0, "{table}");
            }
            assert_eq!(raw.count("public.merchant_directory").await, usize::from(MERCHANTS));
        }
    })
    .await;
}

fn key(merchant: u8, number: u8) -> payrail_core::idempotency::IdempotencyKey {
    payrail_core::idempotency::IdempotencyKey(Uuid::from_u128(
        0xb0b0_0000_0000_4000_8000_0000_0000_0000 + u128::from(merchant) * 256 + u128::from(number),
    ))
}

fn payout(owner: u8, number: u8) -> PayoutId {
    PayoutId::new(at(0), merchant(owner).bucket(), u128::from(owner) * 256 + u128::from(number))
}

/// A history of every merchant, with the same ids and times in every database; then a look at it.
async fn play<F: Future<Output = ()>>(world: &World, look: impl FnOnce(&World) -> F) {
    for owner in 0..MERCHANTS {
        let of = merchant(owner);
        let time = |step: i64| at(i64::from(owner) * 7 % 5 + step * 10);
        world.one(of, fund(key(owner, 0), 100_000), time(0)).await.unwrap();
        let paid = BankAnswer::Paid { utr: Utr::from_stored(format!("UTR{owner:02}")) };
        for (number, answer) in [Some(paid), Some(refused()), Some(no_answer()), None].into_iter().enumerate() {
            let number = u8::try_from(number + 1).unwrap();
            let id = payout(owner, number);
            let paise = i64::from(owner % 3) * 100 + i64::from(number);
            world.one(of, create(id, key(owner, number), paise), time(1)).await.unwrap();
            if let Some(answer) = answer {
                world.one(of, claim(id, "worker-1"), time(2)).await.unwrap();
                world.one(of, report(id, 1, answer), time(3)).await.unwrap();
            }
        }
        let _ = world.one(of, create(payout(owner, 9), key(owner, 9), 10_000_000), time(4)).await;
        let id = Uuid::from_u128(u128::from(owner));
        let exception = Exception {
            id,
            kind: ExceptionKind::ReturnOtherAmount,
            payout: Some(payout(owner, 1)),
            other_payout: None,
            reference: None,
            return_number: Some(i64::from(owner)),
            stated: Facts { amount_paise: Some(1), utr: None },
            expected: Facts { amount_paise: Some(2), utr: None },
            detail: "another amount".to_owned(),
            created_at: time(5),
        };
        world.store.record_exception_of(of, &exception).await.unwrap();
        let waiting = WaitingReturn {
            merchant: of,
            payout: payout(owner, 1),
            line: line(i64::from(owner), payout(owner, 1), 7, "UTR1"),
            waits_for: "its payout".to_owned(),
            tries: 1,
            next_try_at: time(6),
            first_seen_at: time(5),
        };
        world.store.set_aside(&waiting, time(5)).await.unwrap();
        let action_id = Uuid::from_u128(u128::from(owner) + 1_000);
        let verdict = Action::Decide {
            payout: payout(owner, 3),
            // Its own: whether a transaction sees that another cell has a UTR is where cells differ.
            verdict: Verdict::Paid { utr: Utr::from_stored(format!("UTR3{owner:02}")) },
            reason: "letter of the bank".to_owned(),
            by: payrail_types::operator::ByOperator { action_id, ..by() },
        };
        if owner % 4 == 0 {
            world.one(of, verdict, time(7)).await.unwrap();
        }
    }
    let nobodys = Exception {
        id: Uuid::from_u128(99),
        kind: ExceptionKind::ReturnUnknownReference,
        payout: None,
        other_payout: None,
        reference: Some("X".to_owned()),
        return_number: Some(99),
        stated: Facts::default(),
        expected: Facts::default(),
        detail: "no payout has this reference".to_owned(),
        created_at: at(3),
    };
    world.store.record_exception(&nobodys).await.unwrap();
    look(world).await;
}

/// Page after page.
macro_rules! pages {
    ($found:ident, $store:ident.$list:ident($filter:expr)) => {{
        let mut before = None;
        loop {
            let page = $store.$list($filter, before, 5).await.unwrap();
            $found.push(format!("{} {:?}", stringify!($list), page.items));
            let Some(next) = page.next else { break };
            before = Some(next);
        }
    }};
}

async fn seen(store: &Store) -> Vec<String> {
    let mut found = Vec::new();
    pages!(found, store.search_payouts(&PayoutFilter::default()));
    pages!(found, store.search_entries(&EntryFilter::default()));
    pages!(found, store.search_records(&RecordFilter::default()));
    pages!(found, store.search_actions(&ActionFilter::default()));
    pages!(found, store.search_merchants(Some("merchant 1")));
    let (mut after, mut place) = (None, Place { bucket: i16::MIN, merchant_id: Uuid::nil() });
    loop {
        let (page, places) = (store.merchants(after, 5).await.unwrap(), store.places(place, 5).await.unwrap());
        found.push(format!("merchants {page:?} {places:?}"));
        let (Some(last), Some(last_place)) = (page.last(), places.last()) else { break };
        (after, place) = (Some(last.id), *last_place);
    }
    let now = at(1_000_000);
    for limit in [1, 5, 100] {
        found.push(format!("{:?}", store.doubtful(limit).await.unwrap()));
        // Several are due at one moment, in any order.
        for due in [store.returns_due(now, limit).await.unwrap(), store.returns_due_after(at(0), limit).await.unwrap()]
        {
            found.push(format!("{:?}", due.iter().map(|line| line.next_try_at).collect::<Vec<_>>()));
        }
        let due = store.due_from(RailId::DEFAULT, Timestamp::UNIX_EPOCH, now, limit).await.unwrap();
        found.push(format!("{:?}", due.iter().map(|(_, _, at)| at).collect::<Vec<_>>()));
        let far = store.due_far_ahead(at(-100_000_000), limit).await.unwrap();
        found.push(format!("{:?}", far.iter().map(|(_, payout)| payout.due_at()).collect::<Vec<_>>()));
        for of in [ExceptionFilter::Open, ExceptionFilter::All] {
            found.push(format!("{:?}", store.exceptions(of, Position::newest(Timestamp::MAX), limit).await.unwrap()));
        }
    }
    for id in [0, 7, 99, 12345] {
        found.push(format!("{:?}", store.exception(Uuid::from_u128(id)).await.unwrap()));
    }
    let named = Some(payout(5, 2));
    let wanted = Wanted { text: "UTR07", amounts: [Some(103), None], ending: None };
    found.push(format!("{:?}", store.find_payouts_of_all(named, &wanted).await.unwrap()));
    found.push(format!("{:?}", store.trial_balance().await.unwrap()));
    found.push(format!("{:?}", store.under_way(RailId::DEFAULT).await.unwrap()));
    found.push(format!("{:?}", store.count_in_doubt().await.unwrap()));
    found.push(format!("{:?}", store.count_due(now).await.unwrap()));
    found.push(format!("{:?}", store.count_due_far_ahead(at(-100_000_000)).await.unwrap()));
    found.push(format!("{:?}", store.count_exceptions().await.unwrap()));
    found.push(format!("{:?}", store.count_waiting_returns().await.unwrap()));
    found.push(format!("{:?}", store.orphans(i16::MIN, i16::MAX, 10).await.unwrap()));
    found
}

async fn lists_over_all_merchants_are_as_with_one_cell(world: World) {
    let (database, store) = four_cells().await;
    let four = World { store, rules: world.rules, database };
    let database = TestDatabase::postgres().await;
    let store = database.store().await;
    add_merchants(&store).await;
    let one = World { store, rules: world.rules, database };
    play(&four, |_| async {}).await;
    play(&one, |_| async {}).await;
    let (ours, expected) = (seen(&four.store).await, seen(&one.store).await);
    assert!(expected.len() > 60, "the lists have several pages");
    for (ours, expected) in ours.iter().zip(&expected) {
        assert_eq!(ours, expected);
    }
    assert_eq!(ours.len(), expected.len());
}

async fn no_batch_spans_cells(world: World) {
    let (_database, store) = four_cells().await;
    let batch = [0, 1].map(|number| Command { merchant: merchant(number), action: fund(key(number, 0), 100) });
    let given = || at(1);
    match store.execute(&batch, &world.rules, Now::Given(&given)).await {
        Err(StoreError::Undecided(why)) => assert!(why.contains("several cells"), "{why}"),
        other => panic!("{other:?}"),
    }
    for command in batch {
        assert_eq!(store.tip(command.merchant).await.unwrap().seq, 0, "nothing was written");
    }
}

async fn payouts_go_on_while_central_tables_take_no_writes(world: World) {
    let (database, store) = four_cells().await;
    let mut raw = Raw::connect(&database.url).await;
    raw.exec("BEGIN").await;
    raw.exec(
        "LOCK TABLE public.settings, public.api_keys, public.merchant_directory, public.operators, public.workers, \
         public.merchant_sessions, public.operator_sessions, public.operator_actions IN EXCLUSIVE MODE",
    )
    .await;
    let world = World { store, rules: world.rules, database };
    play_payout(&world, 0, 0).await;
    play_payout(&world, 3, 0).await;
    raw.release().await;
}

async fn play_payout(world: &World, owner: u8, begun: i64) {
    let (of, id) = (merchant(owner), payout(owner, 1));
    world.one(of, fund(key(owner, 0), 1_000), at(begun)).await.unwrap();
    world.one(of, create(id, key(owner, 1), 100), at(begun + 1)).await.unwrap();
    world.one(of, claim(id, "worker-1"), at(begun + 2)).await.unwrap();
    world.one(of, report(id, 1, BankAnswer::Paid { utr: Utr::from_stored("UTR1") }), at(begun + 3)).await.unwrap();
    assert_eq!(world.balances(of).await, (900, 0));
}

async fn a_utr_that_two_cells_share_is_found(world: World) {
    let (database, store) = four_cells().await;
    let world = World { store, rules: world.rules, database };
    play_payout(&world, 0, 0).await;
    let shared = world.store.shared_utrs_settled(at(0), at(10)).await.unwrap();
    assert_eq!(shared, [], "there is only one");
    // However much later.
    let later = 1_000_000;
    play_payout(&world, 3, later).await;
    let shared = world.store.shared_utrs_settled(at(later), at(later + 10)).await.unwrap();
    let [(bank, utr)] = &shared[..] else { panic!("{shared:?}") };
    let mut both = [(merchant(0), payout(0, 1)), (merchant(3), payout(3, 1))];
    both.sort_by_key(|(_, payout)| *payout);
    assert_eq!(world.store.unrecorded_under(bank, utr, 10).await.unwrap(), both);
    let through = world.store.utr_page("", 10).await.unwrap().unwrap();
    assert_eq!(world.store.shared_utrs("", &through, 10).await.unwrap().len(), 2);
    for (merchant, exception) in Exception::from_shared_utr(utr, &both, at(later + 11)) {
        world.store.record_exception_of(merchant, &exception).await.unwrap();
    }
    assert_eq!(world.store.shared_utrs_settled(at(later), at(later + 10)).await.unwrap(), []);
    let shared = world.store.shared_utrs("", &through, 10).await.unwrap();
    assert_eq!(shared.iter().filter(|payout| payout.is_recorded).count(), 1);
}

async fn a_merchant_in_a_wrong_cell_is_found(_: World) {
    let (database, store) = four_cells().await;
    assert_eq!(store.outside_their_cell(10).await.unwrap(), []);
    let mut raw = Raw::connect(&database.url).await;
    let bucket = merchant(0).bucket();
    let (right, wrong) = (store.cells().of(bucket), (store.cells().of(bucket) + 1) % 4);
    let row = format!("SELECT * FROM payrail_cell_{right:02}.merchants WHERE bucket = {}", bucket.get());
    raw.exec(&format!("INSERT INTO payrail_cell_{wrong:02}.merchants {row}")).await;
    let found = store.outside_their_cell(10).await.unwrap();
    let place = Place { bucket: bucket.column(), merchant_id: merchant(0).0 };
    assert_eq!(found, [place]);
    // Nobody's book is central.
    raw.exec(&format!("INSERT INTO public.merchants {row}")).await;
    assert_eq!(store.outside_their_cell(10).await.unwrap(), [place, place]);
}

async fn a_reset_empties_every_cell(_: World) {
    let (_database, store) = four_cells().await;
    store.reset(&[]).await.unwrap();
    assert_eq!((store.merchants(None, 10).await.unwrap(), store.cells().get()), (vec![], 4));
    assert!(store.is_demonstration().await.unwrap());
    add_merchants(&store).await;
    let wanted = store.cells().of(Bucket::new(255));
    assert_eq!(wanted, 3);
    let all = store.trial_balance().await.unwrap();
    assert_eq!(all.merchants, u64::from(MERCHANTS));
}

/// A database on each of three servers, for a cell each. The merchants are in all of them.
struct Servers {
    servers: Vec<TestServer>,
    world: World,
}

impl Servers {
    async fn start(rules: Rules) -> Self {
        let servers: Vec<_> = (0..3).map(|_| TestServer::start(&[], "", None)).collect();
        let database = TestDatabase::with_cells_at(urls(&servers)).await;
        let store = database.store().await;
        add_merchants(&store).await;
        Self { servers, world: World { store, rules, database } }
    }

    async fn again(&self) -> payrail_store::Result<Store> {
        open_at(&self.world.database.url, None, &urls(&self.servers)).await
    }

    fn cell(&self, owner: u8) -> usize {
        self.world.store.cells().of(merchant(owner).bucket())
    }
}

fn urls(servers: &[TestServer]) -> Vec<String> {
    servers.iter().map(|server| server.url("postgres")).collect()
}

async fn cells_may_be_on_servers_of_their_own(world: World) {
    let servers = Servers::start(world.rules).await;
    play(&servers.world, |_| async {}).await;
    let database = TestDatabase::postgres().await;
    let store = database.store().await;
    add_merchants(&store).await;
    let one = World { store, rules: servers.world.rules, database };
    play(&one, |_| async {}).await;
    assert_eq!(seen(&servers.again().await.unwrap()).await, seen(&one.store).await);
    let mut central = Raw::connect(&servers.world.database.url).await;
    assert_eq!((central.count("merchants").await, central.count("payouts").await), (0, 0));
    for (cell, server) in servers.servers.iter().enumerate() {
        let mut raw = Raw::connect(&server.url("postgres")).await;
        let of = (0..MERCHANTS).filter(|owner| servers.cell(*owner) == cell).count();
        assert_eq!((raw.count("merchants").await, raw.count("payouts").await), (of, 4 * of), "cell {cell}");
        assert_eq!(raw.count("api_keys").await, 0, "keys are central");
    }
    servers.world.store.reset(&[]).await.unwrap();
    assert_eq!(servers.again().await.unwrap().trial_balance().await.unwrap().merchants, 0);
}

async fn no_other_database_is_taken_for_a_cell(world: World) {
    let own = world.database.url.clone();
    world.fund(crate::world::merchant(0), 1_000).await;
    let servers = Servers::start(world.rules).await;
    let (central, right) = (servers.world.database.url.clone(), urls(&servers.servers));
    assert!(refused_address(open_at(&central, None, &[]).await).contains("PAYRAIL_CELL_URLS must name them"));
    assert!(refused_address(open_at(&central, None, &right[..2]).await).contains("has 3 cells elsewhere"));
    assert!(refused_address(open_at(&central, Some(2), &right).await).contains("2 cells are asked for"));
    assert!(refused_address(open_at(&own, None, &right).await).contains("has one cell"));
    // In another order, or another ledger in the place of a cell: nothing is written there, and no migration runs.
    let swapped = [right[1].clone(), right[0].clone(), right[2].clone()];
    let foreign = [right[0].clone(), right[1].clone(), own.clone()];
    for wrong in [swapped, foreign] {
        let store = open_at(&central, None, &wrong).await.unwrap();
        for answer in [store.migrate().await, store.check_schema().await] {
            match answer {
                Err(StoreError::Session(why)) => {
                    assert!(why.contains("leads to another database than the cell"), "{why}")
                }
                other => panic!("{other:?}"),
            }
        }
    }
    let settings = Raw::connect(&own).await.texts("SELECT name FROM settings ORDER BY name").await;
    assert_eq!(settings, ["created_as", "database_id"], "it is no cell by now");
}

async fn where_a_cell_is_dead_its_own_merchants_wait_alone(world: World) {
    let servers = Servers::start(world.rules).await;
    for owner in 0..MERCHANTS {
        let (of, id) = (merchant(owner), payout(owner, 1));
        servers.world.one(of, fund(key(owner, 0), 1_000), at(0)).await.unwrap();
        servers.world.one(of, create(id, key(owner, 1), 100), at(1)).await.unwrap();
    }
    servers.servers[1].kill();
    // One that starts now, and one that was at work.
    for store in [servers.again().await.unwrap(), servers.world.store.clone()] {
        store.check_session().await.expect("it is ready for the others");
        for owner in 0..MERCHANTS {
            let given = || at(2);
            let command = Command { merchant: merchant(owner), action: fund(fresh_key(), 1) };
            let done = store.execute(&[command], &servers.world.rules, Now::Given(&given)).await;
            match (servers.cell(owner), done) {
                (1, Err(StoreError::Unavailable(_) | StoreError::CommitUnknown(_))) => {}
                (0 | 2, Ok(_)) => {}
                (cell, other) => panic!("cell {cell}: {other:?}"),
            }
        }
        let due = store.due_from(RailId::DEFAULT, Timestamp::UNIX_EPOCH, at(10), 100).await.unwrap();
        let alive = (0..MERCHANTS).filter(|owner| servers.cell(*owner) != 1).count();
        assert_eq!(due.len(), alive, "the worker goes on with the others'");
    }
}
