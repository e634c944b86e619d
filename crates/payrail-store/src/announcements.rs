//! Announcements between the processes on one PostgreSQL database: they shorten a wait and carry no truth.

use sqlx::postgres::{PgListener, PgPoolOptions};

use crate::Store;
use crate::error::Result;

const CHANNEL: &str = "payrail_news";

/// What the processes on this database announce, this one included.
#[derive(Debug)]
pub struct Announcements(PgListener);

impl Announcements {
    /// None: the connection broke and is there again; announcements may have been missed.
    pub async fn next(&mut self) -> Result<Option<String>> {
        Ok(self.0.try_recv().await?.map(|announcement| announcement.payload().to_owned()))
    }
}

impl Store {
    /// Nobody hears it on SQLite.
    pub async fn announce(&self, text: &str) -> Result<()> {
        if let Self::Postgres(store) = self {
            sqlx::query("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(text).execute(&store.reader).await?;
        }
        Ok(())
    }

    /// On a connection of its own, so that no read waits for one. None on SQLite.
    pub async fn listen(&self) -> Result<Option<Announcements>> {
        let Self::Postgres(store) = self else { return Ok(None) };
        let options = store.reader.connect_options().as_ref().clone();
        let pool = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None);
        let mut listener = PgListener::connect_with(&pool.connect_lazy_with(options)).await?;
        listener.listen(CHANNEL).await?;
        Ok(Some(Announcements(listener)))
    }
}
