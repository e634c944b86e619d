//! Connections: taken in, bounded in number and in patience, ended in order. The framework's own loop waits for ever
//! for a client that sends nothing, or its request a byte at a time, and takes in as many as come.

mod files;
mod patient;
mod refusal;
mod room;
mod settings;
mod turns;

use std::net::SocketAddr;
use std::pin::pin;

use axum::Router;
use axum::body::Body;
use axum::serve::Listener;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;
use tower_http::normalize_path::NormalizePath;

use super::client::Proxies;
use patient::Patient;
use refusal::Refusals;
use room::{Room, Seat};
pub use settings::{Connections, Limits};
use turns::{Answer, Turns};

pub type Service = NormalizePath<Router>;

/// A request's head; ours have less than one. A longer one is answered 431.
const HEAD_BYTES: usize = 32 * 1024;
/// What is kept of what has come in before somebody reads it.
const BUFFER_BYTES: usize = 64 * 1024;

/// Serves until `stop`, and then until the last answer is out.
pub async fn serve(
    mut listener: TcpListener,
    service: Service,
    limits: Limits,
    proxies: Proxies,
    stop: CancellationToken,
) {
    let host =
        Host { service, limits, proxies, room: Room::new(files::places(limits.connections)), stop: stop.clone() };
    let (guests, refusals) = (TaskTracker::new(), Refusals::default());
    // The trait's `accept`, unlike the listener's own, waits and tries again where it fails.
    while let Some((stream, peer)) = stop.run_until_cancelled(Listener::accept(&mut listener)).await {
        match host.room.enter() {
            Some(seat) => drop(guests.spawn(host.clone().attend(stream, peer, seat))),
            None => refusals.refuse(stream),
        }
    }
    drop(listener);
    guests.close();
    guests.wait().await;
}

#[derive(Clone)]
struct Host {
    service: Service,
    limits: Limits,
    proxies: Proxies,
    room: Room,
    stop: CancellationToken,
}

impl Host {
    /// One connection, from its first request to its last.
    async fn attend(self, stream: TcpStream, peer: SocketAddr, _seat: Seat) {
        let turns = Turns::default();
        let stream = TokioIo::new(Patient::new(stream, self.limits, turns.clone(), self.room));
        let Self { service, proxies, .. } = self;
        let answering = service_fn(move |request: Request<Incoming>| {
            let turn = turns.begin();
            let mut request = request.map(Body::new);
            let client = proxies.client(peer.ip(), request.headers());
            request.extensions_mut().insert(client);
            let answer = service.clone().oneshot(request);
            async move { answer.await.map(|response| response.map(|body| Answer::new(body, turn))) }
        });
        let mut http = http1::Builder::new();
        http.max_header_size(HEAD_BYTES).max_buf_size(BUFFER_BYTES);
        let mut connection = pin!(http.serve_connection(stream, answering));
        let ended = match self.stop.run_until_cancelled(connection.as_mut()).await {
            Some(ended) => ended,
            None => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%peer, %error, "a connection broke off");
        }
    }
}
