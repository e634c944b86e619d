//! What is measured, in which order, on each store.

use std::time::Instant;

use payrail_store::testing::TestDatabase;

use super::load::{self, Load, Requests};
use super::report::{Report, Sample};
use super::scene::Scene;
use super::server::Build;
use super::small_program::SmallProgram;
use super::yardstick::{self, Yardstick};
use super::{Plan, cpu, requests};

/// Clients at once: enough that the server is never idle.
const CROWD: usize = 128;
/// Enough for the largest batches.
const LARGE_CROWD: usize = 512;

/// The same on each build that is measured, this one and perhaps a baseline, each on a database of its own.
struct Builds(Vec<Scene>);

impl Builds {
    async fn open(store: &'static str) -> Self {
        let this = Scene::open(store, Build::This).await;
        Self(this.into_iter().chain(Scene::open(store, Build::Baseline).await).collect())
    }

    /// A case on each, in turn; whoever was first is last in the next case.
    async fn each(&mut self, name: &str, load: Kind, plan: Plan, report: &mut Report) {
        for scene in &self.0 {
            run(scene, name, load, plan, report).await;
        }
        self.0.rotate_left(1);
    }

    fn verify(&self) {
        self.0.iter().for_each(|scene| scene.verify(false));
    }
}

/// What is asked, by how many clients, and how often a second if not as often as possible.
#[derive(Clone, Copy)]
struct Kind {
    of: Of,
    connections: usize,
    rate: Option<u32>,
}

#[derive(Clone, Copy)]
enum Of {
    Payouts,
    PayoutsOfOne,
    Replays,
    Refusals,
    Reads(&'static str),
}

impl Of {
    const fn by(self, connections: usize) -> Kind {
        Kind { of: self, connections, rate: None }
    }

    const fn at(self, connections: usize, rate: u32) -> Kind {
        Kind { of: self, connections, rate: Some(rate) }
    }

    fn requests(self, scene: &Scene) -> Requests {
        match self {
            Self::Payouts => requests::payouts(&scene.many),
            Self::PayoutsOfOne => requests::payouts(&scene.hot),
            Self::Replays => requests::replays(&scene.many),
            Self::Refusals => requests::refusals(&scene.many),
            Self::Reads(path) => requests::reads(&scene.many, path),
        }
    }
}

pub async fn postgres(plan: Plan, report: &mut Report) {
    let name = "PostgreSQL";
    let beside = TestDatabase::postgres().await;
    yardstick::prepare(&beside.url);
    let mut builds = Builds::open(name).await;
    for _ in 0..plan.rounds {
        for (case, yardstick) in Yardstick::ALL {
            let used = builds.0[0].database_cpu();
            let measured = yardstick::measure(&beside.url, yardstick, plan.duration);
            let database_cpu = builds.0[0].database_cpu() - used;
            let (per_second, count) = (measured.per_second, measured.payouts);
            let sample = Sample { per_second, count, database_cpu, p50_us: measured.latency, ..Sample::default() };
            report.add(name, Build::This, case, sample);
            accept_beside(yardstick, &mut builds, plan, report).await;
        }
        others(&mut builds, plan, report).await;
    }
    end(name, builds, plan, report).await;
}

/// Accepting on PostgreSQL by the number of cells: all of them on one server, one after the other in each round. And on
/// the first, the first two and so on of the servers of a Citus cluster, if there is one.
pub async fn cells(counts: &[u16], citus: &[String], plan: Plan, report: &mut Report) {
    let mut scenes = Vec::new();
    for cells in counts {
        scenes.extend(Scene::open_in_cells(*cells).await.map(|scene| (*cells, scene)));
        for (number, _) in citus.iter().enumerate().filter(|_| *cells > 1) {
            let nodes = citus[..=number].to_vec();
            scenes.extend(Scene::open_on_nodes(nodes, *cells).await.map(|scene| (*cells, scene)));
        }
    }
    for _ in 0..plan.rounds {
        for (cells, scene) in &scenes {
            for (clients, name) in [(1, "one client"), (CROWD, "128 clients"), (LARGE_CROWD, "512 clients")] {
                run(scene, &format!("cells: {cells}, {name}"), Of::Payouts.by(clients), plan, report).await;
            }
        }
        scenes.rotate_left(1);
    }
    scenes.iter().for_each(|(_, scene)| scene.verify(false));
}

pub async fn sqlite(plan: Plan, report: &mut Report) {
    let name = "SQLite";
    let beside = TestDatabase::sqlite();
    let mut small_program = SmallProgram::open(beside.folder().expect("a folder"));
    let mut builds = Builds::open(name).await;
    for _ in 0..plan.rounds {
        for (case, yardstick, rows) in [
            ("textbook, spread", Yardstick::TextbookSpread, 1),
            ("textbook, hot", Yardstick::TextbookHot, 1),
            ("limit", Yardstick::Limit, 200),
            ("textbook, one client", Yardstick::TextbookOneClient, 1),
        ] {
            let (per_second, p50_us) = small_program.measure(rows, plan.duration);
            report.add(name, Build::This, case, Sample { per_second, p50_us, ..Sample::default() });
            accept_beside(yardstick, &mut builds, plan, report).await;
        }
        others(&mut builds, plan, report).await;
    }
    end(name, builds, plan, report).await;
}

/// Each yardstick has its case right after it, so that both saw the same machine.
async fn accept_beside(yardstick: Yardstick, builds: &mut Builds, plan: Plan, report: &mut Report) {
    let (name, load) = match yardstick {
        Yardstick::TextbookSpread => ("payouts, spread", Of::Payouts.by(CROWD)),
        Yardstick::TextbookHot => ("payouts, hot", Of::PayoutsOfOne.by(CROWD)),
        Yardstick::Limit => ("payouts, spread, 512 clients", Of::Payouts.by(LARGE_CROWD)),
        Yardstick::TextbookOneClient => ("payouts, one client", Of::Payouts.by(1)),
        // Nothing of ours is as small; the one client is measured beside the textbook's.
        Yardstick::OneSmallTransaction => return,
    };
    builds.each(name, load, plan, report).await;
    if yardstick == Yardstick::TextbookHot {
        builds.each("payouts, hot, 512 clients", Of::PayoutsOfOne.by(LARGE_CROWD), plan, report).await;
    }
}

async fn others(builds: &mut Builds, plan: Plan, report: &mut Report) {
    for (name, of) in [
        ("replays", Of::Replays),
        ("refusals", Of::Refusals),
        ("GET /me/", Of::Reads("me/")),
        ("GET /payouts/", Of::Reads("payouts/")),
        ("GET /ledger/", Of::Reads("ledger/")),
    ] {
        builds.each(name, of.by(CROWD), plan, report).await;
    }
}

/// Half of this build's full load by the clock, three times that load, and, in databases of their own, the whole life.
async fn end(store: &'static str, mut builds: Builds, plan: Plan, report: &mut Report) {
    let full = report.median(store, "payouts, spread").map_or(0, |median| median.per_second);
    let full = u32::try_from(full).unwrap_or(u32::MAX).max(2);
    say_memory(&builds, "after full load", report);
    for (name, load) in [
        ("at half of full load", Of::Payouts.at(CROWD, full / 2)),
        ("at three times full load", Of::Payouts.at(4_000, full.saturating_mul(3))),
        ("and at half again", Of::Payouts.at(CROWD, full / 2)),
    ] {
        builds.each(name, load, plan, report).await;
    }
    say_memory(&builds, "after three times full load", report);
    builds.verify();
    drop(builds);
    for build in [Build::This, Build::Baseline] {
        whole_life(store, build, plan, report).await;
    }
}

fn say_memory(builds: &Builds, when: &str, report: &mut Report) {
    for scene in &builds.0 {
        let memory = cpu::resident_kb(scene.server.id()) / 1_000;
        report.say(format!("{}, {} build: {memory} MB in memory {when}", scene.store_name, scene.build.name()));
    }
}

/// From the request to `completed`: what is accepted in the time, until the last of it is paid.
async fn whole_life(store: &'static str, build: Build, plan: Plan, report: &mut Report) {
    let Some(scene) = Scene::open_with_bank(store, build).await else { return };
    let idle = cpu::resident_kb(scene.server.id());
    report.say(format!(
        "{store}, {} build: first answer {} ms after the start; {} MB in memory when idle",
        build.name(),
        scene.server.first_answer.as_millis(),
        idle / 1_000
    ));
    let (server, base) = (cpu::hundredths(scene.server.id()), scene.database_cpu());
    let begin = Instant::now();
    let measured = measure(&scene, Of::Payouts.by(CROWD), plan).await;
    scene.drained().await;
    let elapsed = begin.elapsed();
    let sample = Sample {
        per_second: load::per_second(measured.done, elapsed),
        server_cpu: cpu::hundredths(scene.server.id()) - server,
        database_cpu: scene.database_cpu() - base,
        count: measured.done,
        ..Sample::default()
    };
    report.add(store, build, "whole life", sample);
    scene.verify(true);
}

async fn run(scene: &Scene, name: &str, load: Kind, plan: Plan, report: &mut Report) {
    let (server, base) = (cpu::hundredths(scene.server.id()), scene.database_cpu());
    let batches = scene.batches().await;
    let measured = measure(scene, load, plan).await;
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
    report.add(scene.store_name, scene.build, name, sample);
}

/// The load has a thread of its own and a runtime of its own.
async fn measure(scene: &Scene, load: Kind, plan: Plan) -> load::Measured {
    let Kind { of, connections, rate } = load;
    let load =
        Load { addr: scene.server.addr, connections, duration: plan.duration, rate, requests: of.requests(scene) };
    let done = tokio::task::spawn_blocking(move || load::run(&load));
    done.await.expect("the load runs")
}
