//! `payrail health`: asks a process whether it can serve, for images that have no program to ask with.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use futures::future::join_all;
use payrail_store::Store;
use reqwest::{Client, Url};
use serde_json::Value;

use super::shared::Error;
use super::words::complain;
use crate::rail::{Rail, Remembered};
use crate::rails::Rails;
use crate::readiness;
use crate::settings::{BadSetting, ClockSettings, Common, Role, Worker};

/// Longer than a healthy answer takes, shorter than what runs health checks waits.
const PATIENCE: Duration = Duration::from_secs(3);
/// For a worker's database and bank together.
const OVERALL: Duration = Duration::from_secs(4);

#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to ask, e.g. http://127.0.0.1:8001/healthz for a bank [default: the server of these settings]
    url: Option<Url>,

    /// Where the server listens
    #[arg(long, env = "PAYRAIL_ADDR", default_value = "127.0.0.1:8000")]
    addr: SocketAddr,

    /// Which part of the work the process does. A worker listens nowhere: of it is asked whether it reaches
    /// its database and its bank
    #[arg(long, env = "PAYRAIL_ROLE", default_value = "all")]
    role: Role,

    /// The worker's bank
    #[arg(long, env = "PAYRAIL_BANK_URL", value_name = "URL", hide_env_values = true)]
    bank_url: Option<Url>,

    /// The worker's rails, as the worker has them
    #[arg(long, env = "PAYRAIL_RAILS", value_name = "FILE")]
    rails: Option<PathBuf>,

    #[command(flatten)]
    clock: ClockSettings,
}

pub async fn run(common: &Common, args: Args) -> Result<(), Error> {
    let checked = async {
        match (args.url, args.role) {
            (Some(url), _) => ask(url).await,
            (None, Role::Worker) => worker(common, args.bank_url, args.rails, args.clock.tolerance()).await,
            (None, Role::All | Role::Api) => ask(readiness(args.addr)?).await,
        }
    };
    tokio::time::timeout(OVERALL, checked)
        .await
        .map_err(|_| format!("neither the database nor the bank answered within {} s", OVERALL.as_secs()))??;
    say!("healthy");
    Ok(())
}

/// A worker serves as long as one of its rails does: what is wrong with the others is said.
async fn worker(common: &Common, bank: Option<Url>, rails: Option<PathBuf>, tolerance: Duration) -> Result<(), Error> {
    let store = common.open(1).await?;
    readiness::check(&store, tolerance).await?;
    let rails = Rails::read(&Worker::that_reads(bank.map(String::from), rails))?;
    if rails.need_built_in_bank() {
        let unset = "PAYRAIL_BANK_URL is not set: a worker needs the address of a bank";
        return Err(BadSetting(unset.to_owned()).into());
    }
    let ways = rails.open(None)?;
    let banks = rails.urls(None).into_iter().zip(&ways).map(|((_, url), way)| ask_bank(&store, url, way));
    let asked = join_all(banks).await;
    store.close().await;
    let works = asked.iter().any(Result::is_ok);
    for (way, answer) in ways.iter().zip(asked) {
        match answer {
            Err(error) if works => complain(format_args!("rail {}: {error}", way.name())),
            Err(error) => return Err(error),
            Ok(()) => {}
        }
    }
    Ok(())
}

async fn ask_bank(store: &Store, url: String, way: &Rail) -> Result<(), Error> {
    ask(Url::parse(&url)?.join("/healthz")?).await?;
    let silent = |_| format!("the bank did not say within {} s who it is", PATIENCE.as_secs());
    let met = tokio::time::timeout(PATIENCE, way.identity()).await.map_err(silent)??;
    let known = store.setting(&way.setting(Remembered::Identity)).await?;
    match known.is_none_or(|known| known == met) {
        true => Ok(()),
        false => {
            Err("another bank answers than the one to which the payouts were sent; see `payrail bank confirm`".into())
        }
    }
}

/// Who listens everywhere is asked on the loopback.
fn readiness(addr: SocketAddr) -> Result<Url, Error> {
    let host: IpAddr = match addr.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    Ok(Url::parse(&format!("http://{}/readyz", SocketAddr::new(host, addr.port())))?)
}

async fn ask(url: Url) -> Result<(), Error> {
    let shown = shown(&url);
    let client = Client::builder().no_proxy().http1_only().build()?;
    let asking = tokio::time::timeout(PATIENCE, client.get(url).send());
    let silent = |_| format!("{shown} did not answer within {} s", PATIENCE.as_secs());
    let answer =
        asking.await.map_err(silent)?.map_err(|error| format!("{shown} cannot be asked: {}", cause(&error)))?;
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    let detail = answer.json::<Value>().await.ok().and_then(|body| Some(body.get("detail")?.as_str()?.to_owned()));
    let detail = detail.map(|detail| format!(": {detail}")).unwrap_or_default();
    Err(format!("{shown} answered {status}{detail}").into())
}

/// Without the user and the password that it may have.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // A kind of address that can have neither has neither.
    let _ = (url.set_username(""), url.set_password(None));
    url.set_query(None);
    url.to_string()
}

/// What an error stems from: its own words only say that there was one.
fn cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
