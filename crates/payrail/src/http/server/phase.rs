//! Whether a connection waits for a request or for its answer. The time that a client may be silent depends on it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use hyper::body::{Frame, SizeHint};

/// Counts phases: an even number waits for a request, an odd one for its answer. (Only the connection's own task reads
/// it.)
#[derive(Clone, Debug, Default)]
pub struct Phase(Arc<AtomicU32>);

impl Phase {
    /// A request's head has arrived. The answer phase lasts until the guard is dropped.
    pub fn start_answer(&self) -> Answering {
        self.0.fetch_add(1, Ordering::Relaxed);
        Answering(self.clone())
    }

    pub fn number(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    pub fn is_answering(number: u32) -> bool {
        number % 2 == 1
    }
}

#[derive(Debug)]
pub struct Answering(Phase);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// An answer's body. Its end ends the phase.
pub struct AnswerBody {
    body: Body,
    _answering: Answering,
}

impl AnswerBody {
    pub fn new(body: Body, answering: Answering) -> Self {
        Self { body, _answering: answering }
    }
}

impl hyper::body::Body for AnswerBody {
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
    fn an_answer_lasts_until_its_body_is_dropped() {
        let phase = Phase::default();
        assert!(!Phase::is_answering(phase.number()));
        for _ in 0..3 {
            let answer = AnswerBody::new(Body::from("x"), phase.start_answer());
            assert!(Phase::is_answering(phase.number()) && !answer.is_end_stream());
            drop(answer);
            assert!(!Phase::is_answering(phase.number()));
        }
        assert_eq!(phase.number(), 6, "each phase has its own number");
    }
}
