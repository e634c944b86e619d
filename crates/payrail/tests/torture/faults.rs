//! Faults, from beginning to end.

use std::time::Duration;

use tokio::time::sleep;

use crate::plan::{Fault, Kind, Line, Mischief, Trouble};
use crate::processes::Order;
use crate::strangers;
use crate::town::Town;
use crate::wire::{Mode, Wire};

/// False if this machine or this scene cannot have it.
pub async fn strike(town: &Town, fault: &Fault) -> bool {
    match fault.kind {
        Kind::Killed => with_a_process(town, fault, Order::Kill(fault.lasts)).await,
        Kind::Stopped => with_a_process(town, fault, Order::Stop).await,
        Kind::Paused => pause(town, fault).await,
        Kind::ClockStepped => return step_a_clock(town, fault).await,
        Kind::ClockDayOff => return strangers::with_a_wrong_clock(town, fault).await,
        Kind::AnotherBank => strangers::at_another_bank(town, fault).await,
        Kind::PoolerKilled => return kill_the_pooler(town, fault).await,
        Kind::DiskFull => return fill_the_disk(town, fault).await,
        Kind::DatabaseDown | Kind::BackendKilled | Kind::SessionsEnded => return at_the_database(town, fault).await,
        Kind::Wire(Line::Bank, trouble) => on_the_banks_wire(town, fault, trouble).await,
        Kind::Wire(Line::Clients, trouble) => on_a_wire(one_of(&town.doors, fault), fault, trouble, "POST /").await,
        Kind::Wire(Line::Database, trouble) => on_a_wire(one_of(&town.pipes, fault), fault, trouble, "COMMIT\0").await,
        Kind::Bank(mischief) => misbehave(town, fault, mischief).await,
    }
    true
}

fn one_of<'a, T>(all: &'a [T], fault: &Fault) -> &'a T {
    &all[fault.target % all.len()]
}

async fn with_a_process(town: &Town, fault: &Fault, order: Order) {
    let post = one_of(&town.posts, fault);
    let _turn = post.turn.lock().await;
    post.order(order).await;
}

async fn pause(town: &Town, fault: &Fault) {
    let post = one_of(&town.posts, fault);
    let _turn = post.turn.lock().await;
    post.order(Order::Signal("STOP")).await;
    sleep(fault.lasts).await;
    post.order(Order::Signal("CONT")).await;
}

/// It goes wrong, stays so for a while, and is put right: two steps.
async fn step_a_clock(town: &Town, fault: &Fault) -> bool {
    let post = one_of(&town.posts, fault);
    let Some(clock) = &post.clock else { return false };
    let _turn = post.turn.lock().await;
    clock.step(fault.step);
    sleep(fault.lasts).await;
    clock.step(0);
    true
}

async fn kill_the_pooler(town: &Town, fault: &Fault) -> bool {
    let Some(pooler) = &town.pooler else { return false };
    let _turn = pooler.turn.lock().await;
    pooler.kill(fault.lasts).await;
    true
}

async fn fill_the_disk(town: &Town, fault: &Fault) -> bool {
    if !town.disk.is_mounted {
        return false;
    }
    let _turn = town.disk.turn.lock().await;
    town.disk.fill().await;
    sleep(fault.lasts).await;
    town.disk.free();
    // PostgreSQL may have found no room even to recover.
    if let Some(cluster) = &town.cluster {
        let _turn = cluster.turn.lock().await;
        cluster.bring_back().await;
    }
    true
}

async fn at_the_database(town: &Town, fault: &Fault) -> bool {
    let Some(cluster) = &town.cluster else { return false };
    let _turn = cluster.turn.lock().await;
    if fault.kind == Kind::DatabaseDown {
        cluster.stop_at_once().await;
        sleep(fault.lasts).await;
    } else {
        let backends = cluster.backends().await;
        let few = &backends[..backends.len().min(1 + fault.target % 8)];
        match (fault.kind, few.first()) {
            (Kind::BackendKilled, Some(backend)) => cluster.kill(*backend).await,
            _ => cluster.end_sessions(few).await,
        }
    }
    cluster.bring_back().await;
    true
}

async fn on_a_wire(wire: &Wire, fault: &Fault, trouble: Trouble, word: &'static str) {
    let _turn = wire.turn.lock().await;
    let millis = |number| Duration::from_millis(number);
    let mode = match trouble {
        Trouble::Cut => return wire.cut(),
        Trouble::Refused => Mode::Refusing,
        Trouble::Delayed => Mode::Slow(millis(20 + fault.target as u64 % 200)),
        Trouble::Frozen => Mode::Frozen,
        Trouble::Unanswered => Mode::Unanswered { word, at_once: fault.target.is_multiple_of(2) },
        Trouble::Swallowed => Mode::Swallowing,
    };
    if trouble == Trouble::Refused {
        wire.cut();
    }
    wire.set(mode);
    sleep(fault.lasts).await;
    // Of those that froze, half find that the other end is gone.
    if trouble == Trouble::Frozen && fault.target.is_multiple_of(2) {
        wire.cut();
    }
    wire.set(Mode::Open);
}

async fn on_the_banks_wire(town: &Town, fault: &Fault, trouble: Trouble) {
    let _turn = town.bank_wire.turn.lock().await;
    town.bank_wire.cut();
    if trouble == Trouble::Refused {
        town.bank_wire.refuse(true);
        sleep(fault.lasts).await;
        town.bank_wire.refuse(false);
    }
}

async fn misbehave(town: &Town, fault: &Fault, mischief: Mischief) {
    let _turn = town.bank_wire.turn.lock().await;
    town.bank_wire.set(Some(mischief));
    sleep(fault.lasts).await;
    town.bank_wire.set(None);
}
