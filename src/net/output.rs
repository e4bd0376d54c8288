//! Sending replies: what the socket takes at once, and the rest when it has room again.

use crate::resp::Replies;
use crate::resp::replies::SLICES_MAX;
use std::io::{ErrorKind, IoSlice, Result};
use std::task::{Context, Poll};
use tokio::net::TcpStream;

/// Sends what the socket takes at once.
#[inline]
pub fn send_now(replies: &mut Replies, stream: &TcpStream) -> Result<()> {
    while !replies.is_empty() {
        let sent = match replies.plain() {
            Some(bytes) => stream.try_write(bytes),
            None => send_slices(replies, stream),
        };
        match sent {
            Ok(count) => replies.advance(count),
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn send_slices(replies: &Replies, stream: &TcpStream) -> Result<usize> {
    let mut slices = [IoSlice::new(&[]); SLICES_MAX];
    let count = replies.slices(&mut slices);
    stream.try_write_vectored(&slices[..count])
}

/// Sends what the socket takes as soon as it has room. `Ready` when that was something.
pub fn poll_send(replies: &mut Replies, stream: &TcpStream, context: &mut Context<'_>) -> Poll<Result<()>> {
    let before = replies.len();
    loop {
        match stream.poll_write_ready(context) {
            Poll::Ready(ready) => ready?,
            Poll::Pending => return Poll::Pending,
        }
        send_now(replies, stream)?;
        if replies.len() < before {
            return Poll::Ready(Ok(()));
        }
    }
}
