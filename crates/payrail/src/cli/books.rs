//! The banks' books, for commands that only read them.

use std::path::PathBuf;

use super::shared::Error;
use crate::rail::Rail;
use crate::rails::Rails;
use crate::settings::{BadSetting, Worker};
use payrail_bank as bank;

#[derive(Debug, clap::Args)]
pub struct Books {
    /// The bank to compare with [default: the simulated bank's book, if there is one]
    #[arg(long, env = "PAYRAIL_BANK_URL", value_name = "URL", hide_env_values = true)]
    bank_url: Option<String>,
    /// The rails whose banks to compare with, as the server has them
    #[arg(long, env = "PAYRAIL_RAILS", value_name = "FILE")]
    rails: Option<PathBuf>,
    /// The simulated bank's book, which is read when no bank is named
    #[arg(long, env = "PAYRAIL_BANK_BOOK", value_name = "FILE", default_value = "payrail-bank.db")]
    bank_book: PathBuf,
}

impl Books {
    /// The banks are always asked over HTTP; a book without a bank is opened by one of our own, for as long as this takes.
    pub async fn open(&self) -> Result<(Vec<Rail>, Option<bank::Running>), Error> {
        let rails = Rails::read(&Worker::that_reads(self.bank_url.clone(), self.rails.clone()))?;
        if !rails.need_built_in_bank() || !self.bank_book.exists() {
            return Ok((rails.open(None)?, None));
        }
        let (addr, book) = (([127, 0, 0, 1], 0).into(), self.bank_book.clone());
        let bank =
            bank::open(bank::Settings { addr, book, ..bank::Settings::default() }).await.map_err(BadSetting::from)?;
        Ok((rails.open(Some(&format!("http://{}", bank.addr())))?, Some(bank)))
    }

    /// Why there is no bank to ask.
    pub fn none(&self) -> String {
        format!("PAYRAIL_BANK_URL is not set, and there is no {}", self.bank_book.display())
    }
}
