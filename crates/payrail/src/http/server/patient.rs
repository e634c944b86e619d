//! A connection whose patience ends. It looks at the time once in a while, not at every request: a request that comes
//! and goes sets no timer, and a limit is kept to within a second.

use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::Limits;
use super::room::Room;
use super::turns::Turns;

/// How long who says nothing may stay where it is crowded.
const CROWDED: Duration = Duration::from_secs(1);
const LOOK_EVERY: Duration = Duration::from_secs(1);

pub struct Patient<S> {
    stream: S,
    limits: Limits,
    turns: Turns,
    room: Room,
    /// When to look next.
    look: Pin<Box<Sleep>>,
    looked_at: u32,
    /// When bytes last came or went, or the turn was seen to change.
    moved: Instant,
    /// The client's turn in which a head has begun to come in, and when.
    head: Option<(u32, Instant)>,
    /// Since when the client takes nothing of what we have for it.
    stalled: Option<Instant>,
}

impl<S> Patient<S> {
    pub fn new(stream: S, limits: Limits, turns: Turns, room: Room) -> Self {
        let moved = Instant::now();
        let look = Box::pin(tokio::time::sleep_until(moved + limits.look_every()));
        Self { stream, limits, turns, room, look, looked_at: 0, moved, head: None, stalled: None }
    }

    fn heard(&mut self) {
        let (now, turn) = (Instant::now(), self.turns.number());
        self.moved = now;
        if !Turns::is_ours(turn) && self.head.is_none_or(|(begun_in, _)| begun_in != turn) {
            self.head = Some((turn, now));
        }
    }

    /// Asked where there is nothing to do but to wait.
    fn has_lost_patience(&mut self, cx: &mut Context<'_>) -> bool {
        while self.look.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            if self.has_waited_too_long(now) {
                return true;
            }
            self.look.as_mut().reset(now + self.limits.look_every());
        }
        false
    }

    fn has_waited_too_long(&mut self, now: Instant) -> bool {
        let turn = self.turns.number();
        if turn != self.looked_at {
            (self.looked_at, self.moved) = (turn, now);
        }
        if let Some(since) = self.stalled {
            return now - since > self.limits.stall;
        }
        if Turns::is_ours(turn) {
            return false; // how long an answer takes is the handler's business
        }
        match self.head {
            Some((begun_in, since)) if begun_in == turn => now - since > self.limits.head,
            _ => now - self.moved > self.silence(turn),
        }
    }

    /// How long a client may say nothing at all.
    fn silence(&self, turn: u32) -> Duration {
        let silence = if turn == 0 { self.limits.head } else { self.limits.idle };
        if self.room.is_crowded() { silence.min(CROWDED) } else { silence }
    }

    fn sent(&mut self, cx: &mut Context<'_>, polled: Poll<Result<usize>>) -> Poll<Result<usize>> {
        if polled.is_ready() {
            (self.moved, self.stalled) = (Instant::now(), None);
            return polled;
        }
        self.stalled.get_or_insert_with(Instant::now);
        if self.has_lost_patience(cx) { Poll::Ready(Err(Error::from(ErrorKind::TimedOut))) } else { Poll::Pending }
    }
}

impl Limits {
    fn look_every(&self) -> Duration {
        LOOK_EVERY.min(self.head / 4).min(self.idle / 4).min(self.stall / 4).max(Duration::from_millis(1))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    /// Patience that has ended looks like a client that has hung up.
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let me = self.get_mut();
        let before = buffer.filled().len();
        match Pin::new(&mut me.stream).poll_read(cx, buffer) {
            Poll::Pending if me.has_lost_patience(cx) => return Poll::Ready(Ok(())),
            Poll::Pending => return Poll::Pending,
            Poll::Ready(read) => read?,
        }
        if buffer.filled().len() > before {
            me.heard();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
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
