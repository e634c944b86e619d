//! Accepts connections and serves each of them, until the server stops.

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

use super::connection_limit::{ConnectionLimit, Permit};
use super::file_limit;
use super::limits::Limits;
use super::phase::{AnswerBody, Phase};
use super::refusal::Refusals;
use super::timed_stream::TimedStream;
use crate::http::plumbing::client::Proxies;

pub type Service = NormalizePath<Router>;

/// The longest head of a request. Real ones have less than 1 KiB. A longer one is answered 431.
const HEAD_BYTES: usize = 32 * 1024;
/// How many received bytes are buffered.
const BUFFER_BYTES: usize = 64 * 1024;

/// Serves until `stop`, and then until the last answer is sent.
pub async fn serve(
    mut listener: TcpListener,
    service: Service,
    limits: Limits,
    proxies: Proxies,
    stop: CancellationToken,
) {
    let limit = ConnectionLimit::new(file_limit::connections(limits.connections));
    let server = Server { service, limits, proxies, limit, stop: stop.clone() };
    let (connections, refusals) = (TaskTracker::new(), Refusals::default());
    // Unlike the listener's own method, the trait's `accept` waits and retries after an error.
    while let Some((stream, peer)) = stop.run_until_cancelled(Listener::accept(&mut listener)).await {
        match server.limit.try_acquire() {
            Some(permit) => drop(connections.spawn(server.clone().serve_connection(stream, peer, permit))),
            None => refusals.refuse(stream),
        }
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

#[derive(Clone)]
struct Server {
    service: Service,
    limits: Limits,
    proxies: Proxies,
    limit: ConnectionLimit,
    stop: CancellationToken,
}

impl Server {
    /// Serves one connection, from its first request to its last.
    async fn serve_connection(self, stream: TcpStream, peer: SocketAddr, _permit: Permit) {
        let phase = Phase::default();
        let stream = TokioIo::new(TimedStream::new(stream, self.limits, phase.clone(), self.limit));
        let Self { service, proxies, .. } = self;
        let answering = service_fn(move |request: Request<Incoming>| {
            let answering = phase.start_answer();
            let mut request = request.map(Body::new);
            let client = proxies.client(peer.ip(), request.headers());
            request.extensions_mut().insert(client);
            let answer = service.clone().oneshot(request);
            async move { answer.await.map(|response| response.map(|body| AnswerBody::new(body, answering))) }
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
            tracing::debug!(%peer, %error, "a connection ended with an error");
        }
    }
}
