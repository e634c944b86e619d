//! The rails of this process. Without a list of rails there is one, called `bank`, which leads to PAYRAIL_BANK_URL or to
//! the built-in simulated bank. A file in TOML, which PAYRAIL_RAILS names, adds further rails and changes that one:
//!
//! ```toml
//! default = "imps"            # payouts go this way; without it, by `bank`
//!
//! [rails.bank]
//! retry_base_ms = 60000
//!
//! [rails.imps]
//! url = "http://10.0.0.7:8001"
//! token_file = "/run/secrets/imps"
//! can_close = false
//! never_received_is_final = true
//! ```

use std::path::{Path, PathBuf};
use std::time::Duration;

use payrail_core::backoff::Policy;
use payrail_core::decide::Rules;
use payrail_types::rail::RailId;
use serde::Deserialize;

use crate::bad_setting::BadSetting;
use crate::rail::{Access, Kind, Rail};
use crate::settings::Worker;

/// The file, with everything that may be in it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    default: Option<String>,
    #[serde(default)]
    rails: toml::Table,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(default)]
    kind: Kind,
    url: Option<String>,
    /// What the bank is shown with each call.
    token_file: Option<PathBuf>,
    /// The bank can refuse a reference from now on.
    can_close: Option<bool>,
    /// The bank promises that "never received" is final.
    never_received_is_final: Option<bool>,
    attempts_max: Option<u32>,
    retry_base_ms: Option<u64>,
    timeout_ms: Option<u64>,
    lease_ms: Option<u64>,
}

/// One rail, as it is configured.
#[derive(Clone, Debug)]
pub struct Configured {
    pub name: RailId,
    kind: Kind,
    /// None: the built-in simulated bank.
    url: Option<String>,
    token: Option<String>,
    timeout: Duration,
    policy: Policy,
}

#[derive(Clone, Debug)]
pub struct Rails {
    /// The rail of payouts whose request names none.
    default: RailId,
    /// `bank` is the first.
    all: Vec<Configured>,
}

impl Rails {
    /// `worker` has what holds for every rail that says nothing else.
    pub fn read(worker: &Worker) -> Result<Self, BadSetting> {
        let text = match &worker.rails {
            Some(path) => read_file("PAYRAIL_RAILS", path)?,
            None => String::new(),
        };
        Self::parse(&text, worker)
    }

    fn parse(text: &str, worker: &Worker) -> Result<Self, BadSetting> {
        let file: File = toml::from_str(text).map_err(|error| bad(error.message()))?;
        let mut all = Vec::new();
        let mut entries = file.rails;
        let first = entries.remove(RailId::DEFAULT.as_str()).unwrap_or_else(|| toml::Table::new().into());
        all.push(Configured::read(RailId::DEFAULT, first, worker)?);
        for (name, entry) in entries {
            let id = RailId::parse(&name).ok_or_else(|| {
                bad(&format!("{name:?} is no name of a rail: 1 to 20 lower-case letters, digits and hyphens"))
            })?;
            all.push(Configured::read(id, entry, worker)?);
        }
        let default = match file.default {
            None => RailId::DEFAULT,
            Some(name) => {
                let known = all.iter().map(|rail| rail.name).find(|rail| rail.as_str() == name);
                known.ok_or_else(|| bad(&format!("default: there is no rail {name:?}")))?
            }
        };
        Ok(Self { default, all })
    }

    /// Whether the rail `bank` leads to the built-in simulated bank.
    pub fn need_built_in_bank(&self) -> bool {
        self.all[0].url.is_none()
    }

    pub fn names(&self) -> Vec<RailId> {
        self.all.iter().map(|rail| rail.name).collect()
    }

    /// The rail of payouts whose request names none.
    pub fn default(&self) -> RailId {
        self.default
    }

    /// Where the banks are, as far as this process knows.
    pub fn urls(&self, built_in: Option<&str>) -> Vec<(RailId, String)> {
        let url = |rail: &Configured| Some((rail.name, rail.url.as_deref().or(built_in)?.to_owned()));
        self.all.iter().filter_map(url).collect()
    }

    /// The ways to the banks. `built_in` is where the built-in bank listens; where there is none, no rail leads to it.
    pub fn open(&self, built_in: Option<&str>) -> Result<Vec<Rail>, BadSetting> {
        let with_url = self.all.iter().filter_map(|rail| Some((rail, rail.url.as_deref().or(built_in)?)));
        with_url.map(|(rail, url)| rail.open(url)).collect()
    }

    /// The rules of this process, with the rails' own policies. They stay in memory for as long as the process runs.
    pub fn rules(&self, rules: Rules) -> Rules {
        let refusal_ttl = rules.policy.refusal_ttl;
        let policies = self.all.iter().map(|rail| (rail.name, Policy { refusal_ttl, ..rail.policy }));
        Rules { rails: policies.collect::<Vec<_>>().leak(), default_rail: self.default, ..rules }
    }
}

impl Configured {
    fn read(name: RailId, entry: toml::Value, worker: &Worker) -> Result<Self, BadSetting> {
        let wrong = |what: &str| bad(&format!("rail {name}: {what}"));
        let entry: Entry = entry.try_into().map_err(|error: toml::de::Error| wrong(error.message()))?;
        let own = Worker {
            attempts_max: entry.attempts_max.unwrap_or(worker.attempts_max),
            retry_base_ms: entry.retry_base_ms.unwrap_or(worker.retry_base_ms),
            bank_timeout_ms: entry.timeout_ms.unwrap_or(worker.bank_timeout_ms),
            lease_ms: entry.lease_ms.unwrap_or(worker.lease_ms),
            ..worker.clone()
        };
        own.settings().map_err(|error| wrong(&in_the_files_words(&error.0)))?;
        let policy = own.policy().map_err(|error| wrong(&in_the_files_words(&error.0)))?;
        let url = match (entry.url, name == RailId::DEFAULT) {
            (None, true) => worker.bank_url.clone(),
            (None, false) => return Err(wrong("url is missing")),
            (url, _) => url,
        };
        let token = entry.token_file.map(|path| read_file(&format!("PAYRAIL_RAILS: rail {name}: token_file"), &path));
        let configured = Self {
            name,
            kind: entry.kind,
            url,
            token: token.transpose()?,
            timeout: Duration::from_millis(own.bank_timeout_ms),
            policy: Policy {
                can_close: entry.can_close.unwrap_or(policy.can_close),
                never_received_is_final: entry.never_received_is_final.unwrap_or(policy.never_received_is_final),
                ..policy
            },
        };
        // A bad address is said at the start.
        configured.url.as_deref().map(|url| configured.open(url)).transpose()?;
        Ok(configured)
    }

    fn open(&self, url: &str) -> Result<Rail, BadSetting> {
        let access = Access { url, timeout: self.timeout, token: self.token.as_deref() };
        let setting = match self.name {
            RailId::DEFAULT => "PAYRAIL_BANK_URL".to_owned(),
            name => format!("PAYRAIL_RAILS: rail {name}: url"),
        };
        // The address is not repeated: it may have a password in it.
        let rail = Rail::open(self.kind, &access).map_err(|error| match error {
            crate::rail::Error::Address(_, why) => BadSetting(format!("{setting} is not the address of a bank: {why}")),
            other => BadSetting(format!("{setting}: {other}")),
        })?;
        Ok(rail.named(self.name))
    }
}

/// The settings that the rails share have other names in the file.
fn in_the_files_words(error: &str) -> String {
    let names = [
        ("PAYRAIL_BANK_TIMEOUT_MS", "timeout_ms"),
        ("PAYRAIL_LEASE_MS", "lease_ms"),
        ("PAYRAIL_RETRY_BASE_MS", "retry_base_ms"),
        ("PAYRAIL_ATTEMPTS_MAX", "attempts_max"),
    ];
    names.into_iter().fold(error.to_owned(), |text, (setting, field)| text.replace(setting, field))
}

fn read_file(setting: &str, path: &Path) -> Result<String, BadSetting> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|error| BadSetting(format!("{setting}: {} cannot be read: {error}", path.display())))?;
    Ok(text.trim().to_owned())
}

fn bad(what: &str) -> BadSetting {
    BadSetting(format!("PAYRAIL_RAILS: {what}"))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        worker: Worker,
    }

    fn parse(text: &str) -> Result<Rails, String> {
        let worker = Command::parse_from(["x"]).worker;
        Rails::parse(text, &worker).map_err(|error| error.0)
    }

    #[test]
    fn without_a_file_there_is_one_rail_to_the_built_in_bank() {
        let rails = parse("").unwrap();
        assert_eq!((rails.all.len(), rails.default, rails.need_built_in_bank()), (1, RailId::DEFAULT, true));
        assert!(rails.open(None).unwrap().is_empty());
        assert_eq!(rails.open(Some("http://127.0.0.1:1")).unwrap()[0].name(), RailId::DEFAULT);
    }

    #[test]
    fn a_file_adds_rails_and_changes_the_first() {
        let text = "default = 'imps'\n[rails.bank]\nretry_base_ms = 7\n[rails.imps]\nurl = 'http://127.0.0.1:9'\n\
                    can_close = false\nnever_received_is_final = true\nattempts_max = 5\n\
                    [rails.third]\nurl = 'http://127.0.0.1:9'\nnever_received_is_final = false";
        let rails = parse(text).unwrap();
        let rules = rails.rules(Rules::new(
            Command::parse_from(["x"]).worker.policy().unwrap(),
            crate::http::idempotency::answers::render,
        ));
        assert_eq!(rules.default_rail.as_str(), "imps");
        let [(_, bank), (_, imps), (_, third)] = rules.rails else { panic!("{:?}", rules.rails) };
        assert_eq!(bank.retry_base.as_millis(), 7);
        // Nothing is promised unless the file says so.
        let promises = [bank, imps, third].map(|policy| (policy.can_close, policy.never_received_is_final));
        assert_eq!(promises, [(true, false), (false, true), (true, false)]);
        assert_eq!((imps.attempts_max, imps.retry_base.as_secs()), (5, 30));
    }

    #[test]
    fn errors_name_the_rail_and_the_field() {
        for (text, says) in [
            ("defualt = 'x'", "defualt"),
            ("default = 'x'", "there is no rail \"x\""),
            ("[rails.x]\ncan_close = true", "rail x: url is missing"),
            ("[rails.x]\nurl = 'https://bank'", "rail x: url"),
            ("[rails.x]\nurl = 'http://b'\nkind = 'fax'", "rail x: unknown variant `fax`"),
            ("[rails.x]\nurl = 'http://b'\nnever_received_is_final = 'yes'", "rail x: invalid type"),
            ("[rails.x]\nurl = 'http://b'\nurk = 1", "rail x: unknown field `urk`"),
            ("[rails.x]\nurl = 'http://b'\nlease_ms = 1", "rail x: lease_ms (1) must be longer than timeout_ms"),
            ("[rails.x]\nurl = 'http://b'\nattempts_max = 0", "rail x: attempts_max"),
            ("[rails.x]\nurl = 'http://b'\ntoken_file = '/nowhere'", "rail x: token_file"),
            ("[rails.Bank]\nurl = 'http://b'", "\"Bank\" is no name of a rail"),
            ("rails = 1", "PAYRAIL_RAILS"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with("PAYRAIL_RAILS: ") && error.contains(says), "{text}: {error}");
        }
    }
}
