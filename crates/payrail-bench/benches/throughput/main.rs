//! How fast is it? Real HTTP against the release binary in its own process, on SQLite and on a private
//! PostgreSQL, beside yardsticks of the same run: a round does every case once, in turn, so that whatever else
//! the machine does falls on all. `payrail verify` must find no difference afterwards, or this fails.
//!
//!     make bench                      all of it
//!     ROUNDS=1 SECONDS=2 make bench   a quick look
//!     PAYRAIL_BENCH_BASELINE=/path/to/payrail make bench
//!                                     each case on that build, too, in turn, and a table of both
//!     PAYRAIL_BENCH_CELLS="1 4 16" make bench
//!                                     accepting on PostgreSQL with so many cells, and nothing else
//!     PAYRAIL_BENCH_CELLS="1 4" scripts/with-citus cargo bench -p payrail-bench --bench throughput
//!                                     the same, and on one, two and three servers of a Citus cluster

mod cpu;
mod goals;
mod load;
mod picture;
mod report;
mod requests;
mod scenarios;
mod scene;
mod server;
mod small_program;
mod yardstick;

use std::time::Duration;

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub rounds: usize,
    pub duration: Duration,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let number = |name, default| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let plan = Plan { rounds: number("ROUNDS", 3), duration: Duration::from_secs(number("SECONDS", 3) as u64) };
    let mut report = report::Report::new(plan);
    if let Ok(cells) = std::env::var("PAYRAIL_BENCH_CELLS") {
        let counts: Vec<u16> = cells.split(' ').filter_map(|count| count.parse().ok()).collect();
        let citus = std::env::var("TEST_CITUS_NODES").unwrap_or_default();
        let citus: Vec<_> = citus.split_whitespace().map(str::to_owned).collect();
        scenarios::cells(&counts, &citus, plan, &mut report).await;
        return report.write();
    }
    scenarios::sqlite(plan, &mut report).await;
    if std::env::var_os("TEST_DATABASE_URL").is_some() {
        scenarios::postgres(plan, &mut report).await;
    } else {
        println!("PostgreSQL: left out, TEST_DATABASE_URL is not set (`make bench` sets it)");
    }
    let binary = std::fs::metadata(payrail_store::testing::program("payrail")).map_or(0, |file| file.len());
    report.say(format!("The program is {} MB, dashboard included", binary / 1_000_000));
    report.write();
}
