//! Announcements between the processes on one PostgreSQL database. They only shorten waits; correctness never depends
//! on them.

use std::future::poll_fn;

use tokio::sync::mpsc;
use tokio_postgres::{AsyncMessage, Client};

use crate::database::Database;
use crate::db::values;
use crate::error::Result;
use crate::postgres::connect::Server;
use crate::store::Store;

const CHANNEL: &str = "payrail_news";
/// The number of unread announcements. A receiver that falls further behind is told that the connection broke.
const UNREAD_MAX: usize = 10_000;

/// The announcements of all processes on this database, including this one.
#[derive(Debug)]
pub struct Announcements {
    server: Server,
    listening: Option<Listening>,
}

#[derive(Debug)]
struct Listening {
    texts: mpsc::Receiver<String>,
    /// Dropping it ends the connection.
    _client: Client,
}

impl Announcements {
    /// `None`: the connection broke and was replaced. Announcements may be missing.
    pub async fn next(&mut self) -> Result<Option<String>> {
        if let Some(listening) = &mut self.listening
            && let Some(text) = listening.texts.recv().await
        {
            return Ok(Some(text));
        }
        self.listening = None;
        self.listening = Some(listen(&self.server).await?);
        Ok(None)
    }
}

async fn listen(server: &Server) -> Result<Listening> {
    let (client, mut wire) = server.connect_wire().await?;
    let (sender, texts) = mpsc::channel(UNREAD_MAX);
    // The task ends with the connection, or when there is no receiver left.
    tokio::spawn(async move {
        while let Some(Ok(message)) = poll_fn(|context| wire.poll_message(context)).await {
            if let AsyncMessage::Notification(announcement) = message
                && sender.try_send(announcement.payload().to_owned()).is_err()
            {
                return;
            }
        }
    });
    client.batch_execute(&format!("LISTEN {CHANNEL}")).await?;
    Ok(Listening { texts, _client: client })
}

impl Store {
    /// On SQLite it does nothing.
    pub async fn announce(&self, text: &str) -> Result<()> {
        if let Database::Postgres(store) = self.central() {
            let mut on = store.short_read().await?;
            on.all::<(String,)>("SELECT pg_notify($1, $2)::text", values![CHANNEL, text]).await?;
        }
        Ok(())
    }

    /// Opens a separate connection, so that no read waits for one. `None` on SQLite, and behind a pooler that shares
    /// sessions: there polling finds the news of other processes.
    pub async fn listen(&self) -> Result<Option<Announcements>> {
        let Database::Postgres(store) = self.central() else { return Ok(None) };
        let Some(server) = store.listening_server().cloned() else { return Ok(None) };
        let listening = Some(listen(&server).await?);
        Ok(Some(Announcements { server, listening }))
    }
}
