//! Whose turn it is on a connection: the client's, to ask, or ours, to answer. What a client's silence means depends
//! on it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use hyper::body::{Frame, SizeHint};

/// Counts turns: even while the client asks, odd while we answer. (Only the connection's own task looks.)
#[derive(Clone, Debug, Default)]
pub struct Turns(Arc<AtomicU32>);

impl Turns {
    /// A request's head is in: it is our turn until the value is dropped.
    pub fn begin(&self) -> Turn {
        self.0.fetch_add(1, Ordering::Relaxed);
        Turn(self.clone())
    }

    pub fn number(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    pub fn is_ours(number: u32) -> bool {
        number % 2 == 1
    }
}

#[derive(Debug)]
pub struct Turn(Turns);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// An answer's body: with its end our turn ends.
pub struct Answer {
    body: Body,
    _turn: Turn,
}

impl Answer {
    pub fn new(body: Body, turn: Turn) -> Self {
        Self { body, _turn: turn }
    }
}

impl hyper::body::Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use hyper::body::Body as _;

    use super::*;

    #[test]
    fn turns_take_turns() {
        let turns = Turns::default();
        assert!(!Turns::is_ours(turns.number()));
        for _ in 0..3 {
            let answer = Answer::new(Body::from("x"), turns.begin());
            assert!(Turns::is_ours(turns.number()) && !answer.is_end_stream());
            drop(answer);
            assert!(!Turns::is_ours(turns.number()));
        }
        assert_eq!(turns.number(), 6, "each is another");
    }
}
