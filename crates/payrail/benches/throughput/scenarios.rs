//! What is measured, in which order, on each store.

use std::time::Instant;

use payrail_store::testing::TestDatabase;

use super::load::{self, Load, Requests};
use super::report::{Report, Sample};
use super::scene::Scene;
use super::small_program::SmallProgram;
use super::yardstick::{self, Yardstick};
use super::{Plan, cpu, requests};

/// Clients at once: enough that the server is never idle.
const CROWD: usize = 128;

pub async fn postgres(plan: Plan, report: &mut Report) {
    let beside = TestDatabase::postgres().await;
    yardstick::prepare(&beside.url);
    let scene = Scene::open("PostgreSQL", TestDatabase::postgres().await).await;
    for _ in 0..plan.rounds {
        for (name, yardstick) in Yardstick::ALL {
            let used = scene.database_cpu();
            let measured = yardstick::measure(&beside.url, yardstick, plan.duration);
            let database_cpu = scene.database_cpu() - used;
            let (per_second, count) = (measured.per_second, measured.payouts);
            report.add(
                scene.store_name,
                name,
                Sample { per_second, count, database_cpu, p50_us: measured.latency, ..Sample::default() },
            );
            accept_beside(yardstick, &scene, plan, report).await;
        }
        others(&scene, plan, report).await;
        scene.verify(false);
    }
    end(scene, TestDatabase::postgres().await, plan, report).await;
}

pub async fn sqlite(plan: Plan, report: &mut Report) {
    let database = TestDatabase::sqlite();
    let mut small_program = SmallProgram::open(database.folder().expect("a folder")).await;
    let scene = Scene::open("SQLite", database).await;
    for _ in 0..plan.rounds {
        for (name, yardstick, rows) in [
            ("textbook, spread", Yardstick::TextbookSpread, 1),
            ("textbook, hot", Yardstick::TextbookHot, 1),
            ("limit", Yardstick::Limit, 200),
            ("one small transaction", Yardstick::TextbookOneClient, 1),
        ] {
            let (per_second, p50_us) = small_program.measure(rows, plan.duration).await;
            report.add(scene.store_name, name, Sample { per_second, p50_us, ..Sample::default() });
            accept_beside(yardstick, &scene, plan, report).await;
        }
        others(&scene, plan, report).await;
        scene.verify(false);
    }
    end(scene, TestDatabase::sqlite(), plan, report).await;
}

/// Each yardstick has its case right after it, so that both saw the same machine.
async fn accept_beside(yardstick: Yardstick, scene: &Scene, plan: Plan, report: &mut Report) {
    let (name, connections, keys) = match yardstick {
        Yardstick::TextbookSpread => ("payouts, spread", CROWD, &scene.many),
        Yardstick::TextbookHot => ("payouts, hot", CROWD, &scene.hot),
        Yardstick::Limit => ("payouts, spread, 512 clients", 512, &scene.many),
        Yardstick::TextbookOneClient => ("payouts, one client", 1, &scene.many),
        // Nothing of ours is as small; the one client is measured beside the textbook's.
        Yardstick::OneSmallTransaction => return,
    };
    run(scene, name, connections, None, requests::payouts(keys), plan, report).await;
    if yardstick == Yardstick::TextbookHot {
        let payouts = requests::payouts(&scene.hot);
        run(scene, "payouts, hot, 512 clients", 512, None, payouts, plan, report).await;
    }
}

async fn others(scene: &Scene, plan: Plan, report: &mut Report) {
    run(scene, "replays", CROWD, None, requests::replays(&scene.many), plan, report).await;
    run(scene, "refusals", CROWD, None, requests::refusals(&scene.many), plan, report).await;
    for (name, path) in [("GET /me/", "me/"), ("GET /payouts/", "payouts/"), ("GET /ledger/", "ledger/")] {
        run(scene, name, CROWD, None, requests::reads(&scene.many, path), plan, report).await;
    }
}

/// Half of full load by the clock, three times full load, and, in a database of its own, the whole life.
async fn end(scene: Scene, fresh: TestDatabase, plan: Plan, report: &mut Report) {
    let full = report.median(scene.store_name, "payouts, spread").map_or(0, |median| median.per_second);
    let full = u32::try_from(full).unwrap_or(u32::MAX).max(2);
    let memory = cpu::resident_kb(scene.server.id());
    report.say(format!("{}: the server has {} MB in memory after full load", scene.store_name, memory / 1_000));
    run(&scene, "at half of full load", CROWD, Some(full / 2), requests::payouts(&scene.many), plan, report).await;
    run(&scene, "at three times full load", 4_000, Some(full * 3), requests::payouts(&scene.many), plan, report).await;
    run(&scene, "and at half again", CROWD, Some(full / 2), requests::payouts(&scene.many), plan, report).await;
    let memory = cpu::resident_kb(scene.server.id());
    report.say(format!("{}: and {} MB after three times full load", scene.store_name, memory / 1_000));
    scene.verify(false);
    drop(scene);
    whole_life(fresh, plan, report).await;
}

/// From the request to `completed`: what is accepted in the time, until the last of it is paid.
async fn whole_life(database: TestDatabase, plan: Plan, report: &mut Report) {
    let name = if database.folder().is_some() { "SQLite" } else { "PostgreSQL" };
    let scene = Scene::open_with_bank(name, database).await;
    let idle = cpu::resident_kb(scene.server.id());
    report.say(format!(
        "{name}: first answer {} ms after the start; {} MB in memory when idle",
        scene.server.first_answer.as_millis(),
        idle / 1_000
    ));
    let (server, base) = (cpu::hundredths(scene.server.id()), scene.database_cpu());
    let begin = Instant::now();
    let measured = measure(&scene, CROWD, None, requests::payouts(&scene.many), plan).await;
    scene.drained().await;
    let elapsed = begin.elapsed();
    let sample = Sample {
        per_second: load::per_second(measured.done, elapsed),
        server_cpu: cpu::hundredths(scene.server.id()) - server,
        database_cpu: scene.database_cpu() - base,
        count: measured.done,
        ..Sample::default()
    };
    report.add(name, "whole life", sample);
    scene.verify(true);
}

async fn run(
    scene: &Scene,
    name: &str,
    connections: usize,
    rate: Option<u32>,
    requests: Requests,
    plan: Plan,
    report: &mut Report,
) {
    let (server, base) = (cpu::hundredths(scene.server.id()), scene.database_cpu());
    let batches = scene.batches().await;
    let measured = measure(scene, connections, rate, requests, plan).await;
    let sample = Sample {
        per_second: measured.per_second(),
        p50_us: measured.latency.value_at_quantile(0.5),
        p99_us: measured.latency.value_at_quantile(0.99),
        server_cpu: cpu::hundredths(scene.server.id()) - server,
        database_cpu: scene.database_cpu() - base,
        count: measured.answered(),
        shed: measured.shed,
        sent_p99_us: measured.since_sent.value_at_quantile(0.99),
        batch: scene.batches().await.since(batches),
    };
    report.add(scene.store_name, name, sample);
}

/// The load has a thread of its own and a runtime of its own.
async fn measure(
    scene: &Scene,
    connections: usize,
    rate: Option<u32>,
    requests: Requests,
    plan: Plan,
) -> load::Measured {
    let load = Load { addr: scene.server.addr, connections, duration: plan.duration, rate, requests };
    let done = tokio::task::spawn_blocking(move || load::run(&load));
    done.await.expect("the load runs")
}
