//! Injects each fault and ends it.

use std::time::Duration;

use tokio::time::sleep;

use crate::misconfigured;
use crate::plan::{Fault, Kind, Line, Mischief, Trouble};
use crate::processes::Order;
use crate::system::System;
use crate::wire::{Mode, Wire};

/// False if this machine or this setup does not support the fault.
pub async fn strike(system: &System, fault: &Fault) -> bool {
    match fault.kind {
        Kind::Killed => with_a_process(system, fault, Order::Kill(fault.lasts)).await,
        Kind::Stopped => with_a_process(system, fault, Order::Stop).await,
        Kind::Paused => pause(system, fault).await,
        Kind::ClockStepped => return step_a_clock(system, fault).await,
        Kind::ClockDayOff => return misconfigured::with_a_wrong_clock(system, fault).await,
        Kind::AnotherBank => misconfigured::at_another_bank(system, fault).await,
        Kind::PoolerKilled => return kill_the_pooler(system, fault).await,
        Kind::DiskFull => return fill_the_disk(system, fault).await,
        Kind::DatabaseDown | Kind::BackendKilled | Kind::SessionsEnded => return at_the_database(system, fault).await,
        Kind::Wire(Line::Bank, trouble) => on_the_banks_wire(system, fault, trouble).await,
        Kind::Wire(Line::Clients, trouble) => {
            on_a_wire(one_of(&system.client_wires, fault), fault, trouble, "POST /").await
        }
        Kind::Wire(Line::Database, trouble) => {
            on_a_wire(one_of(&system.pipes, fault), fault, trouble, "COMMIT\0").await
        }
        Kind::Bank(mischief) => misbehave(system, fault, mischief).await,
    }
    true
}

fn one_of<'a, T>(all: &'a [T], fault: &Fault) -> &'a T {
    &all[fault.target % all.len()]
}

async fn with_a_process(system: &System, fault: &Fault, order: Order) {
    let post = one_of(&system.posts, fault);
    let _turn = post.turn.lock().await;
    post.order(order).await;
}

async fn pause(system: &System, fault: &Fault) {
    let post = one_of(&system.posts, fault);
    let _turn = post.turn.lock().await;
    post.order(Order::Signal("STOP")).await;
    sleep(fault.lasts).await;
    post.order(Order::Signal("CONT")).await;
}

/// Steps the clock, and after a while steps it back.
async fn step_a_clock(system: &System, fault: &Fault) -> bool {
    let post = one_of(&system.posts, fault);
    let Some(clock) = &post.clock else { return false };
    let _turn = post.turn.lock().await;
    clock.step(fault.step);
    sleep(fault.lasts).await;
    clock.step(0);
    true
}

async fn kill_the_pooler(system: &System, fault: &Fault) -> bool {
    let Some(pooler) = &system.pooler else { return false };
    let _turn = pooler.turn.lock().await;
    pooler.kill(fault.lasts).await;
    true
}

async fn fill_the_disk(system: &System, fault: &Fault) -> bool {
    if !system.disk.is_mounted {
        return false;
    }
    let _turn = system.disk.turn.lock().await;
    system.disk.fill().await;
    sleep(fault.lasts).await;
    system.disk.free();
    // PostgreSQL may have had no space even to recover.
    if let Some(cluster) = &system.cluster {
        let _turn = cluster.turn.lock().await;
        cluster.bring_back().await;
    }
    true
}

async fn at_the_database(system: &System, fault: &Fault) -> bool {
    let Some(cluster) = &system.cluster else { return false };
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
    // Half of the frozen wires are cut instead of resumed.
    if trouble == Trouble::Frozen && fault.target.is_multiple_of(2) {
        wire.cut();
    }
    wire.set(Mode::Open);
}

async fn on_the_banks_wire(system: &System, fault: &Fault, trouble: Trouble) {
    let _turn = system.bank_wire.turn.lock().await;
    system.bank_wire.cut();
    if trouble == Trouble::Refused {
        system.bank_wire.refuse(true);
        sleep(fault.lasts).await;
        system.bank_wire.refuse(false);
    }
}

async fn misbehave(system: &System, fault: &Fault, mischief: Mischief) {
    let _turn = system.bank_wire.turn.lock().await;
    system.bank_wire.set(Some(mischief));
    sleep(fault.lasts).await;
    system.bank_wire.set(None);
}
