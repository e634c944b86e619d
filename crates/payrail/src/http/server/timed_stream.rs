//! A connection with time limits. A timer checks them periodically, so a short request sets no timer and a limit is
//! enforced to within a second.

use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::connection_limit::ConnectionLimit;
use super::limits::Limits;
use super::phase::Phase;

/// How long a client may be silent when the server is nearly full.
const SILENCE_WHEN_NEARLY_FULL: Duration = Duration::from_secs(1);
const CHECK_EVERY: Duration = Duration::from_secs(1);

pub struct TimedStream<S> {
    stream: S,
    limits: Limits,
    phase: Phase,
    connections: ConnectionLimit,
    next_check: Pin<Box<Sleep>>,
    checked_phase: u32,
    /// When bytes were last received or sent, or a check saw a new phase.
    active: Instant,
    /// The phase in which the client began to send a head, and when.
    head: Option<(u32, Instant)>,
    /// Since when the client has accepted none of the bytes that wait for it.
    stalled: Option<Instant>,
}

impl<S> TimedStream<S> {
    pub fn new(stream: S, limits: Limits, phase: Phase, connections: ConnectionLimit) -> Self {
        let active = Instant::now();
        let next_check = Box::pin(tokio::time::sleep_until(active + limits.check_every()));
        Self { stream, limits, phase, connections, next_check, checked_phase: 0, active, head: None, stalled: None }
    }

    fn received(&mut self) {
        let (now, phase) = (Instant::now(), self.phase.number());
        self.active = now;
        if !Phase::is_answering(phase) && self.head.is_none_or(|(begun_in, _)| begun_in != phase) {
            self.head = Some((phase, now));
        }
    }

    /// Called while the connection can only wait.
    fn has_timed_out(&mut self, cx: &mut Context<'_>) -> bool {
        while self.next_check.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            if self.is_over_limit(now) {
                return true;
            }
            self.next_check.as_mut().reset(now + self.limits.check_every());
        }
        false
    }

    fn is_over_limit(&mut self, now: Instant) -> bool {
        let phase = self.phase.number();
        if phase != self.checked_phase {
            (self.checked_phase, self.active) = (phase, now);
        }
        if let Some(since) = self.stalled {
            return now - since > self.limits.stall;
        }
        if Phase::is_answering(phase) {
            return false; // the handler decides how long an answer takes
        }
        match self.head {
            Some((begun_in, since)) if begun_in == phase => now - since > self.limits.head,
            _ => now - self.active > self.silence_limit(phase),
        }
    }

    fn silence_limit(&self, phase: u32) -> Duration {
        let limit = if phase == 0 { self.limits.head } else { self.limits.idle };
        if self.connections.is_nearly_full() { limit.min(SILENCE_WHEN_NEARLY_FULL) } else { limit }
    }

    fn sent(&mut self, cx: &mut Context<'_>, polled: Poll<Result<usize>>) -> Poll<Result<usize>> {
        if polled.is_ready() {
            (self.active, self.stalled) = (Instant::now(), None);
            return polled;
        }
        self.stalled.get_or_insert_with(Instant::now);
        if self.has_timed_out(cx) { Poll::Ready(Err(Error::from(ErrorKind::TimedOut))) } else { Poll::Pending }
    }
}

impl Limits {
    fn check_every(&self) -> Duration {
        CHECK_EVERY.min(self.head / 4).min(self.idle / 4).min(self.stall / 4).max(Duration::from_millis(1))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TimedStream<S> {
    /// A timeout looks like a client that has closed the connection.
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let me = self.get_mut();
        let before = buffer.filled().len();
        match Pin::new(&mut me.stream).poll_read(cx, buffer) {
            Poll::Pending if me.has_timed_out(cx) => return Poll::Ready(Ok(())),
            Poll::Pending => return Poll::Pending,
            Poll::Ready(read) => read?,
        }
        if buffer.filled().len() > before {
            me.received();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TimedStream<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let me = self.get_mut();
        let polled = Pin::new(&mut me.stream).poll_write(cx, bytes);
        me.sent(cx, polled)
    }

    fn poll_write_vectored(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[IoSlice<'_>]) -> Poll<Result<usize>> {
        let me = self.get_mut();
        let polled = Pin::new(&mut me.stream).poll_write_vectored(cx, bytes);
        me.sent(cx, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
