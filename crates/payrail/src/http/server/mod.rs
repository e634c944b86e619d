//! Accepts connections, limits their number and their time, and ends them in order when the server stops.
//!
//! axum's own accept loop has no limits. A semaphore bounds the number of connections. hyper's `header_read_timeout`
//! cannot bound their time: it also runs while a connection is idle, so an idle connection could not be kept for longer
//! than a request's head may take. It knows neither a client that does not read its answers nor a server that is nearly
//! full. So [`timed_stream`] does all of this. The body's limits are in `plumbing/body.rs`, because tower-http's layers
//! answer without a problem document and restart their clock with every byte.

mod connection_limit;
mod file_limit;
pub mod limits;
mod phase;
mod refusal;
pub mod serve;
mod timed_stream;
