//! Operators, their sessions and the keys that they issue. Ended ones authenticate nobody, and every action is in the
//! audit log if and only if it was executed.

use jiff::Timestamp;
use payrail_store::{Disabling, Merchant, NewKey, NewSession, Operator, OperatorAction, Role, Store};
use payrail_types::operator::OperatorActionKind;
use uuid::Uuid;

use crate::world::{World, at, fresh_key, merchant, person};

on_both_stores!(
    a_name_is_plain_and_one_operators_in_any_case,
    a_session_lasts_until_it_ends,
    a_new_password_and_a_disabling_end_every_session,
    no_session_outlives_the_password_that_opened_it,
    the_last_operator_is_not_disabled,
    of_two_operators_who_disable_each_other_one_remains,
    a_one_time_password_is_replaced_by_its_owner,
    a_disabled_operator_is_enabled_again,
    a_rotated_key_is_replaced_at_once,
    of_two_rotations_at_once_one_counts,
    an_action_without_its_audit_row_is_not_done,
    a_merchant_is_created_with_its_key_or_not_at_all,
);

const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA";
const NEW_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$bmV3";

fn operator(name: &str) -> Operator {
    Operator {
        id: fresh_key().0,
        name: name.to_owned(),
        role: Role::Operator,
        created_at: at(0),
        disabled_at: None,
        temporary_until: None,
    }
}

fn done(kind: OperatorActionKind) -> OperatorAction {
    done_by("Ana", kind)
}

fn done_by(operator: &str, kind: OperatorActionKind) -> OperatorAction {
    OperatorAction {
        id: fresh_key().0,
        at: at(0),
        merchant: None,
        operator: operator.to_owned(),
        action: kind,
        subject: None,
        reason: None,
        detail: None,
    }
}

/// An audit row that the database refuses: it names no operator.
fn untold() -> OperatorAction {
    done_by("", OperatorActionKind::Funded)
}

async fn hired(world: &World, name: &str) -> Operator {
    let operator = operator(name);
    assert!(world.store.add_operator(&operator, HASH, &done(OperatorActionKind::OperatorCreated)).await.unwrap());
    operator
}

pub fn session(byte: u8, from: i64) -> NewSession {
    NewSession { hash: [byte; 32], created_at: at(from), expires_at: at(from + 100) }
}

async fn open(store: &Store, of: Uuid, checked: &str, session: &NewSession) -> bool {
    store.open_session(of, checked, session, &done(OperatorActionKind::SignedIn)).await.unwrap()
}

/// An operator with a session.
pub async fn signed_in(world: &World, name: &str) {
    let operator = hired(world, name).await;
    assert!(open(&world.store, operator.id, HASH, &session(1, 0)).await);
}

async fn who(world: &World, byte: u8, now: Timestamp) -> Option<String> {
    world.store.operator_of_session(&[byte; 32], now).await.unwrap().map(|(operator, _)| operator.name)
}

async fn told(world: &World) -> usize {
    world.raw().await.count("operator_actions").await
}

async fn a_name_is_plain_and_one_operators_in_any_case(world: World) {
    let ana = hired(&world, "Ana").await;
    assert!(
        !world.store.add_operator(&operator("aNA"), HASH, &done(OperatorActionKind::OperatorCreated)).await.unwrap()
    );
    assert_eq!(told(&world).await, 1, "what was not done is not told");
    for name in ["Ana", "ana", "ANA"] {
        let found = world.store.operator_of_name(name).await.unwrap();
        assert_eq!(found, Some((ana.clone(), HASH.to_owned())));
    }
    assert_eq!(world.store.operator_of_name("An").await.unwrap(), None);
    hired(&world, "a").await;
    let names: Vec<_> = world.store.operators().await.unwrap().into_iter().map(|operator| operator.name).collect();
    assert_eq!(names, ["a", "Ana"]);
    for bad in ["", "Äna", "two words", "x'y", &"x".repeat(65)] {
        world.store.add_operator(&operator(bad), HASH, &done(OperatorActionKind::OperatorCreated)).await.unwrap_err();
    }
    world
        .store
        .add_operator(&operator("bela"), "password", &done(OperatorActionKind::OperatorCreated))
        .await
        .unwrap_err();
    world.raw().await.refuses("UPDATE operators SET role = 'root'").await;
}

async fn a_session_lasts_until_it_ends(world: World) {
    let ana = hired(&world, "Ana").await;
    assert!(open(&world.store, ana.id, HASH, &session(1, 0)).await);
    let found = world.store.operator_of_session(&[1; 32], at(0)).await.unwrap();
    assert_eq!(found, Some((ana.clone(), at(100))));
    assert_eq!(who(&world, 1, at(99)).await.as_deref(), Some("Ana"));
    assert_eq!(who(&world, 1, at(100)).await, None);
    assert_eq!(who(&world, 2, at(0)).await, None);
    // Two at a time; one that ends leaves the other.
    assert!(open(&world.store, ana.id, HASH, &session(2, 50)).await);
    world.store.close_session(&[2; 32], &done(OperatorActionKind::SignedOut)).await.unwrap();
    assert_eq!((who(&world, 1, at(60)).await.as_deref(), who(&world, 2, at(60)).await), (Some("Ana"), None));
    let before = told(&world).await;
    world.store.close_session(&[2; 32], &done(OperatorActionKind::SignedOut)).await.unwrap();
    assert_eq!(told(&world).await, before, "one ends once");
    // A sign-in removes expired sessions.
    assert!(open(&world.store, ana.id, HASH, &session(3, 100)).await);
    assert_eq!(world.raw().await.count("operator_sessions").await, 1);
}

async fn a_new_password_and_a_disabling_end_every_session(world: World) {
    let (ana, bela) = (hired(&world, "Ana").await, hired(&world, "Bela").await);
    for byte in [1, 2] {
        assert!(open(&world.store, ana.id, HASH, &session(byte, 0)).await);
    }
    assert!(open(&world.store, bela.id, HASH, &session(3, 0)).await);
    assert!(world.store.set_password(ana.id, NEW_HASH, &done(OperatorActionKind::PasswordChanged)).await.unwrap());
    let in_now = async || (who(&world, 1, at(1)).await, who(&world, 2, at(1)).await, who(&world, 3, at(1)).await);
    assert_eq!(in_now().await, (None, None, Some("Bela".to_owned())));
    assert!(!open(&world.store, ana.id, HASH, &session(4, 0)).await, "the password that was checked is the old one");
    assert!(open(&world.store, ana.id, NEW_HASH, &session(1, 0)).await);

    assert!(world.store.disable_operator(ana.id, at(5), &done(OperatorActionKind::OperatorDisabled)).await.unwrap());
    assert_eq!(in_now().await, (None, None, Some("Bela".to_owned())));
    assert!(!open(&world.store, ana.id, NEW_HASH, &session(4, 6)).await);
    let before = told(&world).await;
    assert!(!world.store.disable_operator(ana.id, at(7), &done(OperatorActionKind::OperatorDisabled)).await.unwrap());
    assert_eq!(told(&world).await, before);
    assert_eq!(world.store.operators().await.unwrap()[0].disabled_at, Some(at(5)), "the first time counts");
    // Whatever wrote a row by itself: a disabled operator's session opens nothing.
    let mut raw = world.raw().await;
    assert_eq!(raw.exec("UPDATE operators SET disabled_at = created_at WHERE name = 'Bela'").await, 1);
    assert_eq!(who(&world, 3, at(1)).await, None);
}

/// A sign-in that has checked the password while somebody changes it: the session is ended or never begins.
async fn no_session_outlives_the_password_that_opened_it(world: World) {
    let ana = hired(&world, "Ana").await;
    let other = world.second_store().await;
    for round in 0..20_u8 {
        let (old, new) = (format!("{HASH}{round}"), format!("{HASH}{}", round + 1));
        world.store.set_password(ana.id, &old, &done(OperatorActionKind::PasswordChanged)).await.unwrap();
        let (sign_in, store, id) = (session(round, 0), other.clone(), ana.id);
        let checked = old.clone();
        let signing = tokio::spawn(async move { open(&store, id, &checked, &sign_in).await });
        world.store.set_password(ana.id, &new, &done(OperatorActionKind::PasswordChanged)).await.unwrap();
        signing.await.unwrap();
        assert_eq!(who(&world, round, at(1)).await, None, "round {round}");
    }
}

async fn disable(store: &Store, of: Uuid) -> Disabling {
    store.disable_but_the_last(of, at(1), &done(OperatorActionKind::OperatorDisabled)).await.unwrap()
}

async fn the_last_operator_is_not_disabled(world: World) {
    let store = &world.store;
    let ana = hired(&world, "Ana").await;
    let viewer = Operator { role: Role::Viewer, ..operator("Vera") };
    let invited = Operator { temporary_until: Some(at(1_000)), ..operator("Ina") };
    for other in [&viewer, &invited] {
        assert!(store.add_operator(other, HASH, &done(OperatorActionKind::OperatorCreated)).await.unwrap());
    }
    let before = told(&world).await;
    assert_eq!(disable(store, ana.id).await, Disabling::LastOperator, "who never signed in replaces nobody");
    assert_eq!((store.operator(ana.id).await.unwrap(), told(&world).await), (Some(ana.clone()), before));
    assert_eq!(disable(store, viewer.id).await, Disabling::Done);
    assert_eq!(disable(store, viewer.id).await, Disabling::AlreadyDone);
    let bela = hired(&world, "Bela").await;
    assert_eq!(disable(store, ana.id).await, Disabling::Done);
    assert_eq!(disable(store, bela.id).await, Disabling::LastOperator);
    assert_eq!(told(&world).await, before + 3, "what was refused is not told");
}

async fn of_two_operators_who_disable_each_other_one_remains(world: World) {
    let (ana, bela) = (hired(&world, "Ana").await, hired(&world, "Bela").await);
    let other = world.second_store().await;
    for round in 0..10 {
        let (a, b) = tokio::join!(disable(&world.store, ana.id), disable(&other, bela.id));
        let mut both = [a, b];
        both.sort_by_key(|disabling| *disabling == Disabling::LastOperator);
        assert_eq!(both, [Disabling::Done, Disabling::LastOperator], "round {round}");
        for id in [ana.id, bela.id] {
            world.store.enable_operator(id, &done(OperatorActionKind::OperatorEnabled)).await.unwrap();
        }
    }
}

async fn a_one_time_password_is_replaced_by_its_owner(world: World) {
    let store = &world.store;
    let ana = hired(&world, "Ana").await;
    assert!(open(store, ana.id, HASH, &session(1, 0)).await);
    assert!(
        store.set_temporary_password(ana.id, NEW_HASH, at(50), &done(OperatorActionKind::PasswordReset)).await.unwrap()
    );
    assert_eq!(who(&world, 1, at(1)).await, None, "a reset ends every session");
    assert_eq!(store.operator(ana.id).await.unwrap().and_then(|found| found.temporary_until), Some(at(50)));
    for byte in [2, 3] {
        assert!(open(store, ana.id, NEW_HASH, &session(byte, 0)).await);
    }
    let (in_it, _) = store.operator_of_session(&[2; 32], at(1)).await.unwrap().unwrap();
    assert_eq!(in_it.temporary_until, Some(at(50)));

    let own = format!("{HASH}own");
    let replace = async |checked: &str| {
        store
            .replace_password(ana.id, checked, &own, &[2; 32], &done(OperatorActionKind::PasswordChanged))
            .await
            .unwrap()
    };
    let before = told(&world).await;
    assert!(!replace(HASH).await, "the password that was checked is the old one");
    assert_eq!((who(&world, 3, at(1)).await.as_deref(), told(&world).await), (Some("Ana"), before));
    assert!(replace(NEW_HASH).await);
    assert_eq!((who(&world, 2, at(1)).await.as_deref(), who(&world, 3, at(1)).await), (Some("Ana"), None));
    assert_eq!(store.operator(ana.id).await.unwrap(), Some(ana.clone()));

    // The command line sets a password for good, too.
    store.set_temporary_password(ana.id, HASH, at(50), &done(OperatorActionKind::PasswordReset)).await.unwrap();
    store.set_password(ana.id, HASH, &done(OperatorActionKind::PasswordChanged)).await.unwrap();
    assert_eq!(store.operator(ana.id).await.unwrap(), Some(ana.clone()));
    assert!(store.disable_operator(ana.id, at(1), &done(OperatorActionKind::OperatorDisabled)).await.unwrap());
    assert!(!replace(HASH).await, "a disabled operator changes nothing");
}

async fn a_disabled_operator_is_enabled_again(world: World) {
    let store = &world.store;
    let ana = hired(&world, "Ana").await;
    assert!(!store.enable_operator(ana.id, &done(OperatorActionKind::OperatorEnabled)).await.unwrap());
    assert!(open(store, ana.id, HASH, &session(1, 0)).await);
    assert!(store.disable_operator(ana.id, at(1), &done(OperatorActionKind::OperatorDisabled)).await.unwrap());
    let before = told(&world).await;
    store.enable_operator(ana.id, &untold()).await.unwrap_err();
    assert!(store.enable_operator(ana.id, &done(OperatorActionKind::OperatorEnabled)).await.unwrap());
    assert_eq!((store.operator(ana.id).await.unwrap(), told(&world).await), (Some(ana.clone()), before + 1));
    assert_eq!(who(&world, 1, at(2)).await, None, "no session comes back");
    assert!(open(store, ana.id, HASH, &session(2, 2)).await, "the password is the one from before");
}

fn key(byte: u8, from: i64) -> NewKey {
    NewKey { hash: [byte; 32], prefix: format!("prk_{byte:08x}"), created_at: at(from) }
}

async fn opens(world: &World, byte: u8) -> Option<Merchant> {
    world.store.merchant_of_key(&[byte; 32]).await.unwrap()
}

async fn a_rotated_key_is_replaced_at_once(world: World) {
    let store = &world.store;
    store.issue_key(merchant(0), &key(1, 0), &done(OperatorActionKind::KeyIssued)).await.unwrap();
    assert!(store.rotate_key(merchant(0), &[1; 32], &key(2, 5), &done(OperatorActionKind::KeyRotated)).await.unwrap());
    assert_eq!((opens(&world, 1).await, opens(&world, 2).await), (None, Some(person(0))));
    let before = told(&world).await;
    assert!(!store.rotate_key(merchant(0), &[1; 32], &key(3, 6), &done(OperatorActionKind::KeyRotated)).await.unwrap());
    assert!(!store.rotate_key(merchant(1), &[2; 32], &key(3, 6), &done(OperatorActionKind::KeyRotated)).await.unwrap());
    assert!(!store.revoke_key(merchant(1), &[2; 32], at(6), &done(OperatorActionKind::KeyRevoked)).await.unwrap());
    assert_eq!((opens(&world, 2).await, opens(&world, 3).await), (Some(person(0)), None), "another's key is safe");
    assert_eq!(told(&world).await, before);
    assert!(store.revoke_key(merchant(0), &[2; 32], at(9), &done(OperatorActionKind::KeyRevoked)).await.unwrap());
    assert!(!store.revoke_key(merchant(0), &[2; 32], at(10), &done(OperatorActionKind::KeyRevoked)).await.unwrap());
    assert_eq!(opens(&world, 2).await, None);
    let keys = store.keys(merchant(0), 10).await.unwrap();
    let lines: Vec<_> = keys.iter().map(|key| (key.hash[0], key.prefix.as_str(), key.revoked_at)).collect();
    assert_eq!(lines, [(2, "prk_00000002", Some(at(9))), (1, "prk_00000001", Some(at(5)))], "newest first");
    assert_eq!(store.keys(merchant(1), 10).await.unwrap(), []);
}

async fn of_two_rotations_at_once_one_counts(world: World) {
    for round in 0..10_u8 {
        let (old, first, second) = (round * 3 + 1, round * 3 + 2, round * 3 + 3);
        world.store.issue_key(merchant(0), &key(old, 0), &done(OperatorActionKind::KeyIssued)).await.unwrap();
        let rotate = async |store: Store, new: u8| {
            store
                .rotate_key(merchant(0), &[old; 32], &key(new, 1), &done(OperatorActionKind::KeyRotated))
                .await
                .unwrap()
        };
        let other = world.second_store().await;
        let (a, b) = tokio::join!(rotate(world.store.clone(), first), rotate(other, second));
        assert!(a != b, "one of two");
        assert_eq!((opens(&world, first).await.is_some(), opens(&world, second).await.is_some()), (a, b));
    }
}

/// The action and its row are one transaction: if the database refuses the row, the action is rolled back.
async fn an_action_without_its_audit_row_is_not_done(world: World) {
    let store = &world.store;
    let ana = hired(&world, "Ana").await;
    assert!(open(store, ana.id, HASH, &session(1, 0)).await);
    store.issue_key(merchant(0), &key(1, 0), &done(OperatorActionKind::KeyIssued)).await.unwrap();

    store.add_operator(&operator("Bela"), HASH, &untold()).await.unwrap_err();
    store.set_password(ana.id, NEW_HASH, &untold()).await.unwrap_err();
    store.disable_operator(ana.id, at(1), &untold()).await.unwrap_err();
    store.open_session(ana.id, HASH, &session(2, 0), &untold()).await.unwrap_err();
    store.close_session(&[1; 32], &untold()).await.unwrap_err();
    store.issue_key(merchant(0), &key(2, 0), &untold()).await.unwrap_err();
    store.rotate_key(merchant(0), &[1; 32], &key(2, 0), &untold()).await.unwrap_err();
    store.revoke_key(merchant(0), &[1; 32], at(1), &untold()).await.unwrap_err();
    store
        .create_merchant(&person(7), &key(2, 0), &[done(OperatorActionKind::MerchantCreated), untold()])
        .await
        .unwrap_err();

    assert_eq!(store.operators().await.unwrap(), std::slice::from_ref(&ana));
    assert_eq!(store.operator_of_name("Ana").await.unwrap(), Some((ana, HASH.to_owned())));
    assert_eq!((who(&world, 1, at(1)).await.as_deref(), who(&world, 2, at(1)).await), (Some("Ana"), None));
    assert_eq!((opens(&world, 1).await, opens(&world, 2).await), (Some(person(0)), None));
    assert_eq!(store.merchant(person(7).id).await.unwrap(), None);
    assert_eq!(told(&world).await, 3);
}

async fn a_merchant_is_created_with_its_key_or_not_at_all(world: World) {
    let deeds = [done(OperatorActionKind::MerchantCreated), done(OperatorActionKind::KeyIssued)];
    assert!(world.store.create_merchant(&person(7), &key(1, 0), &deeds).await.unwrap());
    assert_eq!((opens(&world, 1).await, told(&world).await), (Some(person(7)), 2));
    let taken = Merchant { id: merchant(8), ..person(7) };
    assert!(
        !world.store.create_merchant(&taken, &key(2, 0), &[done(OperatorActionKind::MerchantCreated)]).await.unwrap()
    );
    assert_eq!((opens(&world, 2).await, told(&world).await), (None, 2));
    assert_eq!(world.store.merchant(merchant(8)).await.unwrap(), None);
}
