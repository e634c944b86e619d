//! `payrail health`: asks a process whether it can serve, for images that have no program to ask with.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use reqwest::{Client, Url};

use super::Error;
use crate::rail;
use crate::readiness;
use crate::settings::{self, BadSetting, ClockSettings, Common, Role};

/// Longer than a healthy answer takes, shorter than what runs health checks waits.
const PATIENCE: Duration = Duration::from_secs(4);

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

    #[command(flatten)]
    clock: ClockSettings,
}

pub async fn run(common: &Common, args: Args) -> Result<(), Error> {
    let checked = async {
        match (args.url, args.role) {
            (Some(url), _) => ask(url).await,
            (None, Role::Worker) => worker(common, args.bank_url, args.clock.tolerance()).await,
            (None, Role::All | Role::Api) => ask(readiness(args.addr)?).await,
        }
    };
    tokio::time::timeout(PATIENCE, checked)
        .await
        .map_err(|_| format!("no answer within {} s", PATIENCE.as_secs()))??;
    say!("healthy");
    Ok(())
}

async fn worker(common: &Common, bank: Option<Url>, tolerance: Duration) -> Result<(), Error> {
    let store = common.open(1).await?;
    readiness::check(&store, tolerance).await?;
    let known = store.setting(rail::IDENTITY).await?;
    store.close().await;
    let bank = bank.ok_or_else(|| BadSetting("PAYRAIL_BANK_URL is not set: a worker needs a bank".to_owned()))?;
    ask(bank.join("/healthz")?).await?;
    let met = settings::rail(bank.as_str(), PATIENCE)?.identity().await?;
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
    // The address is not repeated: it may have a password in it.
    let unanswered = |error: reqwest::Error| error.without_url();
    let client = Client::builder().no_proxy().http1_only().build()?;
    client.get(url).send().await.and_then(reqwest::Response::error_for_status).map_err(unanswered)?;
    Ok(())
}
