//! Announcements between the processes on one PostgreSQL database: they shorten a wait and carry no truth.

use std::future::poll_fn;

use tokio::sync::mpsc;
use tokio_postgres::{AsyncMessage, Client, Config, NoTls};

use crate::Store;
use crate::db::values;
use crate::error::Result;

const CHANNEL: &str = "payrail_news";
/// What is not read yet. Whoever falls behind by more hears of it as of a broken connection.
const UNREAD_MAX: usize = 10_000;

/// What the processes on this database announce, this one included.
#[derive(Debug)]
pub struct Announcements {
    config: Config,
    heard: Option<Listening>,
}

#[derive(Debug)]
struct Listening {
    texts: mpsc::Receiver<String>,
    /// The connection lasts for as long as this is there.
    _client: Client,
}

impl Announcements {
    /// None: the connection broke and is there again; announcements may have been missed.
    pub async fn next(&mut self) -> Result<Option<String>> {
        if let Some(heard) = &mut self.heard
            && let Some(text) = heard.texts.recv().await
        {
            return Ok(Some(text));
        }
        self.heard = None;
        self.heard = Some(listen(&self.config).await?);
        Ok(None)
    }
}

async fn listen(config: &Config) -> Result<Listening> {
    let (client, mut connection) = config.connect(NoTls).await?;
    let (heard, texts) = mpsc::channel(UNREAD_MAX);
    // It ends when the connection does, and when nobody reads any more.
    tokio::spawn(async move {
        while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
            if let AsyncMessage::Notification(announcement) = message
                && heard.try_send(announcement.payload().to_owned()).is_err()
            {
                return;
            }
        }
    });
    client.batch_execute(&format!("LISTEN {CHANNEL}")).await?;
    Ok(Listening { texts, _client: client })
}

impl Store {
    /// Nobody hears it on SQLite.
    pub async fn announce(&self, text: &str) -> Result<()> {
        if let Self::Postgres(store) = self {
            let mut on = store.short_read().await?;
            on.all::<(String,)>("SELECT pg_notify($1, $2)::text", values![CHANNEL, text]).await?;
        }
        Ok(())
    }

    /// On a connection of its own, so that no read waits for one. None on SQLite.
    pub async fn listen(&self) -> Result<Option<Announcements>> {
        let Self::Postgres(store) = self else { return Ok(None) };
        let config = store.config().clone();
        let heard = Some(listen(&config).await?);
        Ok(Some(Announcements { config, heard }))
    }
}
