//! The settings of every command: the database, its secret, the log.

use std::path::{Path, PathBuf};

use clap::ArgAction::Set;
use clap::Args;
use clap::builder::BoolishValueParser;
use payrail_store::{Cells, Opening, Store, StoreError};

use crate::bad_setting::BadSetting;
use crate::logging;
use crate::secret;

const DEBUG_DEFAULT: &str = if cfg!(debug_assertions) { "1" } else { "0" };

/// The settings of every command.
#[derive(Clone, Debug, Args)]
pub struct Common {
    /// The database: sqlite:///path, sqlite://relative.db or postgres://user:password@host/name
    #[arg(long, env = "DATABASE_URL", default_value = "sqlite://payrail.db", hide_env_values = true, global = true)]
    pub database_url: String,

    /// A file with the value of DATABASE_URL, which takes precedence; for passwords that must not be in the environment
    #[arg(long, env = "DATABASE_URL_FILE", value_name = "FILE", global = true)]
    pub database_url_file: Option<PathBuf>,

    /// PostgreSQL itself, if DATABASE_URL leads through a connection pooler: for migrations, process locks and
    /// announcements
    #[arg(long, env = "PAYRAIL_MIGRATION_URL", value_name = "URL", hide_env_values = true, global = true)]
    pub migration_url: Option<String>,

    /// The databases of the cells, in their order and separated by spaces, if each cell is a PostgreSQL database of its own;
    /// see docs/scaling.md
    // Not by commas: an address may have several hosts.
    #[arg(
        long,
        env = "PAYRAIL_CELL_URLS",
        value_delimiter = ' ',
        value_name = "URLS",
        hide_env_values = true,
        global = true
    )]
    pub cell_urls: Vec<String>,

    /// Secret under which API keys are hashed; 32 random characters or more. A database accepts only its own
    /// [default: a random one that the database stores; required on PostgreSQL with DEBUG=0]
    #[arg(long, env = "SECRET_KEY", hide_env_values = true, global = true)]
    pub secret_key: Option<String>,

    /// A file with the value of SECRET_KEY, which takes precedence
    #[arg(long, env = "SECRET_KEY_FILE", value_name = "FILE", global = true)]
    pub secret_key_file: Option<PathBuf>,

    /// 1: for development. Published secrets are accepted, and PostgreSQL is treated as SQLite: it may store its
    /// secret, and is a demonstration by default [default: 1 in a debug build, 0 in a release build]
    #[arg(long, env = "DEBUG", value_parser = BoolishValueParser::new(), value_name = "0|1",
          action = Set, default_value = DEBUG_DEFAULT, hide_default_value = true, hide_possible_values = true,
          global = true)]
    pub debug: bool,

    /// What to log and how much, e.g. warn or payrail=debug
    #[arg(long, env = "PAYRAIL_LOG", default_value = "info", value_name = "FILTER", global = true)]
    pub log: String,

    /// How log lines are written
    #[arg(long, env = "PAYRAIL_LOG_FORMAT", default_value = "auto", value_name = "FORMAT", global = true)]
    pub log_format: logging::Format,
}

impl Common {
    /// Reads the files of DATABASE_URL_FILE and SECRET_KEY_FILE, which containers use for secrets.
    pub fn read_files(&mut self) -> Result<(), BadSetting> {
        if let Some(path) = self.database_url_file.take() {
            self.database_url = content("DATABASE_URL_FILE", &path)?;
        }
        if let Some(path) = self.secret_key_file.take() {
            self.secret_key = Some(content("SECRET_KEY_FILE", &path)?);
        }
        Ok(())
    }

    /// A server must not protect real keys with a published secret.
    pub fn check(&self) -> Result<(), BadSetting> {
        match &self.secret_key {
            Some(secret) => secret::check(secret, self.debug),
            None if self.is_postgres() && !self.debug => Err(BadSetting(
                "SECRET_KEY is not set: on PostgreSQL with DEBUG=0 a secret of your own is required. Set it to 32 \
                 or more random characters (openssl rand -hex 32), or set DEBUG=1 for a demonstration"
                    .to_owned(),
            )),
            None => Ok(()),
        }
    }

    pub fn is_postgres(&self) -> bool {
        self.database_url.starts_with("postgres")
    }

    /// For commands on an existing database. A missing one means that the address is wrong, so it is not created.
    pub async fn open_existing(&self) -> Result<Store, Box<dyn std::error::Error + Send + Sync>> {
        self.check_scheme()?;
        if !self.is_postgres()
            && let Ok(file) = payrail_store::file_of(&self.database_url)
            && !file.exists()
        {
            return Err(BadSetting(format!("DATABASE_URL names {}, which is not there", file.display())).into());
        }
        let store = self.open(1).await?;
        match store.setting("ready").await {
            Err(StoreError::Refused(_)) => {
                Err("DATABASE_URL names a database without PayRail's tables: `payrail migrate` \
                                                makes or updates them, and a server does at its start"
                    .into())
            }
            asked => asked.map(|_| store).map_err(Into::into),
        }
    }

    /// For commands that never migrate, and so also run on a standby: the schema must be of this version already.
    pub async fn open_current(&self) -> Result<Store, Box<dyn std::error::Error + Send + Sync>> {
        let store = self.open_existing().await?;
        store.check_schema().await?;
        Ok(store)
    }

    /// For commands that may create the database.
    pub async fn open_to_write(&self, writers: usize) -> Result<Store, Box<dyn std::error::Error + Send + Sync>> {
        let store = self.open(writers).await?;
        store.migrate().await?;
        Ok(store)
    }

    /// An invalid address is reported before any file is looked for.
    fn check_scheme(&self) -> Result<(), BadSetting> {
        let (scheme, _) = self.database_url.split_once(':').unwrap_or_default();
        if ["sqlite", "postgres", "postgresql"].contains(&scheme) {
            return Ok(());
        }
        // Do not show the rest, which may contain a password.
        let given = match scheme {
            "" => "it has none of these".to_owned(),
            other => format!("there is no store for {other}:"),
        };
        Err(BadSetting(format!(
            "DATABASE_URL must begin with sqlite:// or postgres://, as in sqlite://payrail.db; {given}"
        )))
    }

    pub async fn open(&self, writers: usize) -> Result<Store, Box<dyn std::error::Error + Send + Sync>> {
        self.open_with_cells(writers, None).await
    }

    /// `cells`: the number that a new database gets, and that an existing one must have.
    pub async fn open_with_cells(
        &self,
        writers: usize,
        cells: Option<Cells>,
    ) -> Result<Store, Box<dyn std::error::Error + Send + Sync>> {
        self.check_scheme()?;
        let direct = self.migration_url.as_deref().filter(|url| !url.is_empty());
        let writers = u32::try_from(writers).unwrap_or(u32::MAX);
        let cell_urls: Vec<String> = self.cell_urls.iter().filter(|url| !url.is_empty()).cloned().collect();
        let opening =
            Opening { url: &self.database_url, direct, writers, readers: READERS, cells, cell_urls: &cell_urls };
        let opened = Store::open_with(opening).await;
        opened.map_err(|error| match error {
            StoreError::Address(why) => BadSetting(why).into(),
            // A missing file is an error of usage, but a server may only be late.
            StoreError::Unavailable(why) if self.is_postgres() => {
                format!("the server that DATABASE_URL names cannot be reached: {why}").into()
            }
            StoreError::Session(why) => BadSetting(why).into(),
            StoreError::Unavailable(why) | StoreError::Refused(why) | StoreError::Corrupt(why) => {
                BadSetting(format!("DATABASE_URL cannot be used: {why}")).into()
            }
            other => format!("DATABASE_URL cannot be used: {other}").into(),
        })
    }
}

fn content(name: &str, path: &Path) -> Result<String, BadSetting> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| BadSetting(format!("{name}: {} cannot be read: {error}", path.display())))?;
    match text.trim() {
        "" => Err(BadSetting(format!("{name}: {} is empty", path.display()))),
        text => Ok(text.to_owned()),
    }
}

const READERS: u32 = 16;
