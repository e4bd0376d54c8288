//! A connection's unsent output: appended at the end, sent from the front.

use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;

/// Capacity that an empty buffer keeps, in bytes.
const KEPT_BYTES: usize = 128 * 1024;

/// Bytes to send.
#[derive(Default)]
pub struct Output {
    /// Sent bytes in front, then unsent ones. Appending is what replies do.
    pub buffer: Vec<u8>,
    sent: usize,
}

impl Output {
    /// Unsent bytes.
    #[inline]
    pub fn len(&self) -> usize {
        self.buffer.len() - self.sent
    }

    /// True when all was sent.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Sends what the socket takes at once. True when nothing is left.
    #[inline]
    pub fn send_now(&mut self, stream: &TcpStream) -> std::io::Result<bool> {
        while !self.is_empty() {
            match stream.try_write(&self.buffer[self.sent..]) {
                Ok(count) => self.note_sent(count),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Sends until nothing is left; `Ready` with the outcome of the last write that made progress.
    pub fn poll_send(&mut self, stream: &mut TcpStream, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        let mut progress = false;
        while !self.is_empty() {
            match Pin::new(&mut *stream).poll_write(context, &self.buffer[self.sent..]) {
                Poll::Ready(Ok(count)) => {
                    self.note_sent(count);
                    progress = true;
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending if progress => break,
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(()))
    }

    #[inline]
    fn note_sent(&mut self, count: usize) {
        self.sent += count;
        if self.sent == self.buffer.len() {
            self.sent = 0;
            self.buffer.clear();
            if self.buffer.capacity() > KEPT_BYTES {
                self.buffer.shrink_to(KEPT_BYTES);
            }
        } else if self.sent > KEPT_BYTES && self.sent * 2 > self.buffer.len() {
            // Half of it is sent: moving the rest costs less than what was sent.
            self.buffer.drain(..self.sent);
            self.sent = 0;
        }
    }
}
