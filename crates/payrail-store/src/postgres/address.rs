//! Parses DATABASE_URL for PostgreSQL, with libpq's environment variables.

use std::env;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{ChannelBinding, Host, SslMode, TargetSessionAttrs};

use crate::error::{Result, StoreError};

/// The timeout of a connection, over all hosts.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Parameters of PostgreSQL's own clients that the driver does not support, or not fully.
const OURS: [&str; 4] = ["sslmode", "sslrootcert", "sslcert", "sslkey"];

/// After this time a server that no longer answers is noticed, whatever the network does.
const DEAD_AFTER: Duration = Duration::from_secs(10);
const PROBE_AFTER: Duration = Duration::from_secs(5);
const PROBE_EVERY: Duration = Duration::from_secs(2);
const PROBES: u32 = 3;
/// The scheme that the driver requires.
const DRIVERS_PROBE_AFTER: Duration = Duration::from_secs(2 * 60 * 60);

/// How much of the server's identity is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    Nothing,
    /// Its certificate comes from one of the authorities in `sslrootcert`.
    Authority,
    /// And it is for this host.
    AuthorityAndName,
}

/// The TLS settings of the address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    pub check: Check,
    pub root_certificates: Option<PathBuf>,
    /// The client's certificate and its key.
    pub client: Option<(PathBuf, PathBuf)>,
}

/// One host of an address.
#[derive(Clone, Debug)]
pub struct Target {
    pub config: Config,
    /// For messages, without user and password.
    pub name: String,
    /// The address does not mention TLS. It is required because the host is on another machine.
    pub is_tls_implied: bool,
}

#[derive(Clone, Debug)]
pub struct Address {
    pub targets: Vec<Target>,
    pub tls: Tls,
    /// The mode of TLS that the address names, if it does.
    mode: Option<SslMode>,
    /// The timeout of a connection to one host.
    pub timeout: Duration,
}

/// `variable` is the address's source, for messages. As in every other client of PostgreSQL, the environment provides
/// missing parts.
pub fn read(url: &str, variable: &str) -> Result<Address> {
    read_with(url, &|name| env::var(name).ok())
        .map_err(|why| StoreError::Address(format!("{variable} cannot be used: {why}")))
}

type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

fn read_with(url: &str, environment: Environment<'_>) -> Result<Address, String> {
    let (url, given) = take_ours(url)?;
    let parameter = |name: &str| {
        let found = given.iter().rev().find(|(given, _)| given == name).map(|(_, value)| value.clone());
        found.or_else(|| environment(&format!("PG{}", name.to_uppercase()))).filter(|value| !value.is_empty())
    };
    let mut config = Config::from_str(&url).map_err(|error| with_cause(&error))?;
    complete(&mut config, environment)?;
    let file = |name| parameter(name).map(PathBuf::from);
    let root_certificates = file("sslrootcert");
    let mode = parameter("sslmode");
    let (mode, check) = match mode.as_deref() {
        None => (None, Check::Nothing),
        Some("disable") => (Some(SslMode::Disable), Check::Nothing),
        Some("allow" | "prefer") => (Some(SslMode::Prefer), Check::Nothing),
        Some("require") => (Some(SslMode::Require), Check::Nothing),
        Some("verify-ca") => (Some(SslMode::Require), Check::Authority),
        Some("verify-full") => (Some(SslMode::Require), Check::AuthorityAndName),
        Some(other) => {
            return Err(format!(
                "sslmode is {other:?}, and must be disable, prefer, require, verify-ca or verify-full"
            ));
        }
    };
    // As in libpq: naming authorities implies checking them.
    let is_checked = root_certificates.is_some() && matches!(mode, None | Some(SslMode::Require));
    let check = if is_checked && check == Check::Nothing { Check::Authority } else { check };
    let client = match (file("sslcert"), file("sslkey")) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        _ => return Err("sslcert and sslkey go together: the client's certificate and its private key".to_owned()),
    };
    let targets = targets(&config, mode)?;
    let timeout = timeout(&config, targets.len());
    Ok(Address { targets, tls: Tls { check, root_certificates, client }, mode, timeout })
}

impl Address {
    /// The same user and database on another host.
    pub fn at(&self, host: &str, port: u16) -> Self {
        let all = self.targets.first().map_or_else(Config::new, |target| target.config.clone());
        let targets = vec![target(&all, self.mode, &Host::Tcp(host.to_owned()), None, port)];
        Self { targets, timeout: timeout(&all, 1), ..self.clone() }
    }
}

/// Removes the parameters that the driver would refuse.
fn take_ours(url: &str) -> Result<(String, Vec<(String, String)>), String> {
    // The driver reads everything before the first @ as user and password.
    let after_user = url.find('@').unwrap_or(0);
    let Some(start) = url[after_user..].find('?').map(|at| after_user + at) else {
        return Ok((url.to_owned(), Vec::new()));
    };
    let (mut ours, mut others) = (Vec::new(), Vec::new());
    for pair in url[start + 1..].split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some((name, value)) if OURS.contains(&name) => {
                let value = percent_decode_str(value).decode_utf8();
                ours.push((name.to_owned(), value.map_err(|_| format!("{name} is not in UTF-8"))?.into_owned()));
            }
            _ => others.push(pair),
        }
    }
    let query = if others.is_empty() { String::new() } else { format!("?{}", others.join("&")) };
    Ok((format!("{}{query}", &url[..start]), ours))
}

fn complete(config: &mut Config, environment: Environment<'_>) -> Result<(), String> {
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        let hosts = environment("PGHOST").unwrap_or_else(|| "localhost".to_owned());
        hosts.split(',').for_each(|host| {
            config.host(host);
        });
    }
    if let (true, Some(ports)) = (config.get_ports().is_empty(), environment("PGPORT")) {
        for port in ports.split(',') {
            config.port(port.parse().map_err(|_| format!("PGPORT is {port:?}, which is no port"))?);
        }
    }
    if config.get_user().is_none() {
        let user = environment("PGUSER").or_else(|| environment("USER"));
        config.user(user.ok_or_else(|| "it names no user, and PGUSER is not set".to_owned())?);
    }
    if let (None, Some(password)) = (config.get_password(), environment("PGPASSWORD")) {
        config.password(password);
    }
    if let (None, Some(name)) = (config.get_dbname(), environment("PGDATABASE")) {
        config.dbname(name);
    }
    if config.get_target_session_attrs() == TargetSessionAttrs::Any {
        match environment("PGTARGETSESSIONATTRS").as_deref() {
            None | Some("any" | "") => {}
            Some("read-write") => drop(config.target_session_attrs(TargetSessionAttrs::ReadWrite)),
            Some("read-only") => drop(config.target_session_attrs(TargetSessionAttrs::ReadOnly)),
            Some(other) => return Err(format!("PGTARGETSESSIONATTRS is {other:?}: any, read-write or read-only")),
        }
    }
    if config.get_channel_binding() == ChannelBinding::Prefer {
        match environment("PGCHANNELBINDING").as_deref() {
            None | Some("prefer" | "") => {}
            Some("disable") => drop(config.channel_binding(ChannelBinding::Disable)),
            Some("require") => drop(config.channel_binding(ChannelBinding::Require)),
            Some(other) => return Err(format!("PGCHANNELBINDING is {other:?}: disable, prefer or require")),
        }
    }
    config.application_name("payrail");
    notice_a_dead_network(config);
    Ok(())
}

/// The default, unless the address sets it.
fn notice_a_dead_network(config: &mut Config) {
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(DEAD_AFTER);
    }
    if config.get_keepalives_idle() == DRIVERS_PROBE_AFTER {
        config.keepalives_idle(PROBE_AFTER);
    }
    if config.get_keepalives_interval().is_none() {
        config.keepalives_interval(PROBE_EVERY);
    }
    if config.get_keepalives_retries().is_none() {
        config.keepalives_retries(PROBES);
    }
}

/// For each of so many hosts.
fn timeout(config: &Config, hosts: usize) -> Duration {
    let count = u32::try_from(hosts).unwrap_or(u32::MAX);
    config.get_connect_timeout().copied().unwrap_or(CONNECT_TIMEOUT).min(CONNECT_TIMEOUT / count)
}

/// Each host with all other settings. `mode` is the mode that the address names.
fn targets(config: &Config, mode: Option<SslMode>) -> Result<Vec<Target>, String> {
    let (hosts, addresses, ports) = (config.get_hosts(), config.get_hostaddrs(), config.get_ports());
    let count = hosts.len().max(addresses.len());
    if !hosts.is_empty() && !addresses.is_empty() && hosts.len() != addresses.len() {
        return Err(format!("it has {} hosts and {} values of hostaddr", hosts.len(), addresses.len()));
    }
    if ports.len() > 1 && ports.len() != count {
        return Err(format!("it has {} ports for {count} hosts", ports.len()));
    }
    let target = |index: usize| {
        let address = addresses.get(index).copied();
        let host = hosts.get(index).cloned().or_else(|| Some(Host::Tcp(address?.to_string())))?;
        let port = ports.get(index).or(ports.first()).copied().unwrap_or(5432);
        Some(target(config, mode, &host, address, port))
    };
    Ok((0..count).filter_map(target).collect())
}

fn target(all: &Config, asked: Option<SslMode>, host: &Host, address: Option<IpAddr>, port: u16) -> Target {
    let mut config = all_but_hosts(all);
    config.port(port);
    if let Some(address) = address {
        config.hostaddr(address);
    }
    let is_tls_implied = asked.is_none() && !is_here(host, address);
    let default = if is_tls_implied { SslMode::Require } else { SslMode::Prefer };
    let (name, mode) = match host {
        Host::Tcp(name) => {
            config.host(name);
            (format!("{name}:{port}"), asked.unwrap_or(default))
        }
        Host::Unix(folder) => {
            config.host_path(folder);
            (format!("{}:{port}", folder.display()), SslMode::Disable)
        }
    };
    config.ssl_mode(mode);
    Target { config, name, is_tls_implied }
}

/// Whether the address is on this machine. A host name may lead anywhere, so it does not count.
fn is_here(host: &Host, address: Option<IpAddr>) -> bool {
    match (address, host) {
        (Some(address), _) => address.is_loopback(),
        (None, Host::Tcp(name)) => {
            name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
        }
        (None, Host::Unix(_)) => true,
    }
}

/// The driver has no method to remove a host.
fn all_but_hosts(all: &Config) -> Config {
    let mut config = Config::new();
    if let Some(user) = all.get_user() {
        config.user(user);
    }
    if let Some(password) = all.get_password() {
        config.password(password);
    }
    if let Some(name) = all.get_dbname() {
        config.dbname(name);
    }
    if let Some(options) = all.get_options() {
        config.options(options);
    }
    if let Some(name) = all.get_application_name() {
        config.application_name(name);
    }
    if let Some(timeout) = all.get_connect_timeout() {
        config.connect_timeout(*timeout);
    }
    if let Some(timeout) = all.get_tcp_user_timeout() {
        config.tcp_user_timeout(*timeout);
    }
    if let Some(interval) = all.get_keepalives_interval() {
        config.keepalives_interval(interval);
    }
    if let Some(retries) = all.get_keepalives_retries() {
        config.keepalives_retries(retries);
    }
    config
        .keepalives(all.get_keepalives())
        .keepalives_idle(all.get_keepalives_idle())
        .ssl_negotiation(all.get_ssl_negotiation())
        .target_session_attrs(all.get_target_session_attrs())
        .channel_binding(all.get_channel_binding())
        .load_balance_hosts(all.get_load_balance_hosts());
    config
}

fn with_cause(error: &tokio_postgres::Error) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Address {
        read_with(url, &|_| None).unwrap()
    }

    fn modes(url: &str) -> Vec<SslMode> {
        read(url).targets.iter().map(|target| target.config.get_ssl_mode()).collect()
    }

    #[test]
    fn what_leaves_the_machine_is_encrypted_unless_asked_otherwise() {
        for here in ["localhost", "127.0.0.1", "127.8.9.1", "[::1]"] {
            assert_eq!(modes(&format!("postgres://me@{here}/pay")), [SslMode::Prefer], "{here}");
        }
        assert_eq!(modes("postgres://me@%2Frun%2Fpostgresql/pay"), [SslMode::Disable]);
        for elsewhere in ["db.example", "10.0.0.1", "127.1", "localhost.example", "[2001:db8::1]", "0.0.0.0"] {
            assert_eq!(modes(&format!("postgres://me@{elsewhere}/pay")), [SslMode::Require], "{elsewhere}");
        }
        assert_eq!(modes("postgres://me@localhost,db.example/pay"), [SslMode::Prefer, SslMode::Require]);
        assert_eq!(modes("postgres://me@db.example/pay?hostaddr=127.0.0.1"), [SslMode::Prefer]);
        assert_eq!(modes("postgres://me@localhost/pay?hostaddr=10.0.0.1"), [SslMode::Require]);
        for (asked, mode) in [
            ("disable", SslMode::Disable),
            ("prefer", SslMode::Prefer),
            ("require", SslMode::Require),
            ("verify-ca", SslMode::Require),
            ("verify-full", SslMode::Require),
        ] {
            assert_eq!(modes(&format!("postgres://me@db.example/pay?sslmode={asked}")), [mode]);
        }
        assert!(read("postgres://me@db.example/pay").targets[0].is_tls_implied);
        assert!(!read("postgres://me@db.example/pay?sslmode=require").targets[0].is_tls_implied);
    }

    #[test]
    fn another_host_is_reached_as_the_first_one_would_be_there() {
        let node = read("postgres://me:secret@localhost:7,127.0.0.1:8/pay?connect_timeout=1").at("node.example", 9);
        let [target] = &node.targets[..] else { panic!("{:?}", node.targets) };
        assert_eq!((target.name.as_str(), target.config.get_ports()), ("node.example:9", &[9][..]));
        assert_eq!(target.config.get_ssl_mode(), SslMode::Require, "it is on another machine");
        assert_eq!(target.config.get_hosts(), [Host::Tcp("node.example".to_owned())]);
        assert_eq!((target.config.get_user(), target.config.get_dbname()), (Some("me"), Some("pay")));
        assert_eq!((target.config.get_password(), node.timeout), (Some(&b"secret"[..]), Duration::from_secs(1)));
        let as_told = read("postgres://me@localhost/pay?sslmode=disable").at("node.example", 9);
        assert_eq!(as_told.targets[0].config.get_ssl_mode(), SslMode::Disable);
    }

    #[test]
    fn certificates_come_from_the_address_and_then_from_the_environment() {
        let environment = |name: &str| match name {
            "PGSSLMODE" => Some("verify-full".to_owned()),
            "PGSSLROOTCERT" => Some("/env/ca.pem".to_owned()),
            "PGTARGETSESSIONATTRS" => Some("read-write".to_owned()),
            "PGHOST" => Some("one,two".to_owned()),
            "PGPORT" => Some("1,2".to_owned()),
            _ => None,
        };
        let url = "postgres://me:a?b@db/pay?sslcert=/my%20own.pem&connect_timeout=1&sslkey=/key.pem";
        let address = read_with(url, &environment).unwrap();
        assert_eq!(address.tls.check, Check::AuthorityAndName);
        assert_eq!(address.tls.root_certificates, Some("/env/ca.pem".into()));
        assert_eq!(address.tls.client, Some(("/my own.pem".into(), "/key.pem".into())));
        assert_eq!(address.targets[0].config.get_password(), Some(&b"a?b"[..]));
        assert_eq!(address.targets[0].config.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
        assert_eq!(address.timeout, Duration::from_secs(1));
        let names = |url| read_with(url, &environment).unwrap().targets.into_iter().map(|target| target.name);
        assert_eq!(names("postgres://me@/pay").collect::<Vec<_>>(), ["one:1", "two:2"]);
        let here = read_with("postgres://me@db/pay?sslmode=require&sslrootcert=/ca.pem", &|_| None).unwrap();
        assert_eq!((here.tls.check, here.tls.root_certificates), (Check::Authority, Some("/ca.pem".into())));
    }

    #[test]
    fn each_host_has_a_part_of_the_time() {
        let address = read("postgres://me@one,two:2,three/pay?target_session_attrs=read-write");
        let names: Vec<_> = address.targets.iter().map(|target| target.name.as_str()).collect();
        assert_eq!(names, ["one:5432", "two:2", "three:5432"]);
        assert_eq!(address.timeout * 3, (CONNECT_TIMEOUT / 3) * 3);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (url, word) in [
            ("postgres://me@db/pay?sslmode=on", "sslmode"),
            ("postgres://me@db/pay?sslcert=/a", "sslkey"),
            ("postgres://me@a,b,c:1,d/pay?port=1,2", "ports"),
            ("postgres://me@a,b/pay?hostaddr=127.0.0.1", "hostaddr"),
            ("postgres://me@a/pay?colour=blue", "colour"),
            ("postgres://db/pay", "PGUSER"),
        ] {
            let why = read_with(url, &|_| None).unwrap_err();
            assert!(why.contains(word), "{url}: {why}");
        }
        let bad_port = read_with("postgres://me@/pay", &|name| (name == "PGPORT").then(|| "x".to_owned()));
        assert!(bad_port.unwrap_err().contains("PGPORT"));
    }
}
