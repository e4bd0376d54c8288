//! Replies that wait to be sent: bytes, and between them long values that are held, not copied.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::sync::Arc;

/// Runs of bytes that one system call is given, at most.
pub const SLICES_MAX: usize = 32;
/// Memory that sent bytes may go on taking before the rest is moved to the front.
const SENT_BYTES_MAX: usize = 128 << 10;

/// Replies in the order in which they are sent. Appending is [`Reply`](super::Reply)'s business.
#[derive(Debug, Default)]
pub struct Replies {
    /// All bytes but the held values.
    pub(super) bytes: Vec<u8>,
    /// How many of them were sent.
    sent: usize,
    pub(super) held: Held,
}

/// Values held by replies.
#[derive(Debug, Default)]
pub(super) struct Held {
    values: VecDeque<Value>,
    /// Unsent bytes of them.
    bytes: usize,
    /// How many bytes of the first one were sent.
    sent: usize,
}

/// A held value: it is sent in front of the byte at `at`.
#[derive(Debug)]
struct Value {
    at: usize,
    bytes: Arc<Vec<u8>>,
}

impl Held {
    pub(super) fn push(&mut self, at: usize, bytes: &Arc<Vec<u8>>) {
        self.bytes += bytes.len();
        self.values.push_back(Value { at, bytes: bytes.clone() });
    }

    /// Drops the values from `at` on. One held before has its line end in front of `at`, and so stands before it.
    #[inline]
    pub(super) fn truncate(&mut self, at: usize) {
        while self.values.back().is_some_and(|value| value.at >= at) {
            let dropped = self.values.pop_back();
            self.bytes -= dropped.map_or(0, |value| value.bytes.len());
        }
    }

    /// `count` bytes were put in at `at`: values behind that move.
    pub(super) fn shift(&mut self, at: usize, count: usize) {
        for value in self.values.iter_mut().rev().take_while(|value| value.at >= at) {
            value.at += count;
        }
    }

    /// Bytes of the values from `at` on.
    pub(super) fn bytes_from(&self, at: usize) -> usize {
        self.values.iter().rev().take_while(|value| value.at >= at).map(|value| value.bytes.len()).sum()
    }
}

/// A place in [`Replies`]: what was appended behind it can be dropped.
#[derive(Clone, Copy, Debug)]
pub struct Place(usize);

impl Replies {
    /// Number of unsent bytes.
    #[inline]
    pub fn len(&self) -> usize {
        self.bytes.len() - self.sent + self.held.bytes
    }

    /// True when nothing is left to send.
    #[inline]
    pub fn is_empty(&self) -> bool {
        // A held value has a line end behind it.
        self.bytes.len() == self.sent
    }

    /// Bytes allocated, without the held values.
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// What is left to send, when it is one run of bytes.
    #[inline]
    pub fn plain(&self) -> Option<&[u8]> {
        self.held.values.is_empty().then(|| &self.bytes[self.sent..])
    }

    /// What is left to send: the first runs of bytes, as many as one system call is given, and their number.
    pub fn slices<'s>(&'s self, slices: &mut [IoSlice<'s>; SLICES_MAX]) -> usize {
        let (mut count, mut at, mut skip) = (0, self.sent, self.held.sent);
        let mut add = |run: &'s [u8]| {
            if !run.is_empty() {
                slices[count] = IoSlice::new(run);
                count += 1;
            }
            count
        };
        for value in &self.held.values {
            if add(&self.bytes[at..value.at]) == SLICES_MAX || add(&value.bytes[skip..]) == SLICES_MAX {
                return SLICES_MAX;
            }
            (at, skip) = (value.at, 0);
        }
        add(&self.bytes[at..])
    }

    /// Counts bytes as sent. Values are let go of as soon as they are: their keys may hold others by now.
    #[inline]
    pub fn advance(&mut self, count: usize) {
        if self.held.values.is_empty() {
            self.sent += count;
        } else {
            self.advance_held(count);
        }
        if self.sent > SENT_BYTES_MAX && self.sent * 2 > self.bytes.len() {
            // Moving the rest costs less than sending what was in front of it did.
            self.bytes.drain(..self.sent);
            for value in &mut self.held.values {
                value.at -= self.sent;
            }
            self.sent = 0;
        }
    }

    fn advance_held(&mut self, mut count: usize) {
        while let Some(value) = self.held.values.front() {
            let run = value.at - self.sent;
            if count < run {
                break;
            }
            count -= run;
            self.sent = value.at;
            let left = value.bytes.len() - self.held.sent;
            self.held.bytes -= count.min(left);
            if count < left {
                self.held.sent += count;
                return;
            }
            count -= left;
            self.held.sent = 0;
            self.held.values.pop_front();
        }
        self.sent += count;
    }

    /// Appends bytes that are replies already.
    pub fn append(&mut self, replies: &[u8]) {
        self.bytes.extend_from_slice(replies);
    }

    /// Where the next reply will stand.
    #[inline]
    pub fn place(&self) -> Place {
        Place(self.bytes.len())
    }

    /// Drops what was appended since `place` was asked for; nothing was sent since.
    #[inline]
    pub fn truncate(&mut self, place: Place) {
        self.bytes.truncate(place.0);
        self.held.truncate(place.0);
    }

    /// Drops everything, and memory beyond `bytes_kept`.
    #[inline]
    pub fn clear(&mut self, bytes_kept: usize) {
        self.sent = 0;
        self.bytes.clear();
        if self.bytes.capacity() > bytes_kept {
            self.bytes = Vec::new();
        }
        if self.held.values.capacity() > 0 {
            self.held = Held::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Protocol, Reply};
    use super::*;

    fn unsent(replies: &Replies) -> Vec<u8> {
        let mut slices = [IoSlice::new(b""); SLICES_MAX];
        let count = replies.slices(&mut slices);
        slices[..count].iter().flat_map(|slice| slice.to_vec()).collect()
    }

    #[test]
    fn held_values_stand_where_a_copy_would() {
        let long = Arc::new(vec![b'v'; 100]);
        let filled = || {
            let mut replies = Replies::default();
            let mut reply = Reply::holding(&mut replies, Protocol::Resp2);
            reply.ok();
            let mark = reply.mark();
            reply.bulk_shared(&long);
            reply.int(7);
            reply.array_at(mark, 2);
            reply.bulk_shared(&long);
            replies
        };
        let replies = filled();
        let mut copied = Vec::new();
        let mut reply = Reply::new(&mut copied, Protocol::Resp2);
        reply.ok();
        reply.array(2);
        reply.bulk_shared(&long);
        reply.int(7);
        reply.bulk_shared(&long);
        assert_eq!((replies.len(), replies.plain()), (copied.len(), None));
        for step in [1, 3, 40, 150] {
            let mut replies = filled();
            let mut sent = 0;
            while sent < copied.len() {
                assert_eq!(unsent(&replies), copied[sent..], "after {sent}");
                assert_eq!(replies.len(), copied.len() - sent);
                assert!(!replies.is_empty());
                let step = step.min(copied.len() - sent);
                replies.advance(step);
                sent += step;
            }
            assert_eq!((replies.is_empty(), replies.len()), (true, 0));
            assert_eq!(Arc::strong_count(&long), 3, "only the untouched one holds the value");
        }
    }

    #[test]
    fn what_is_taken_back_holds_nothing() {
        let long = Arc::new(vec![b'v'; 100]);
        let mut replies = Replies::default();
        Reply::holding(&mut replies, Protocol::Resp2).bulk_shared(&long);
        let (place, before) = (replies.place(), unsent(&replies));
        Reply::holding(&mut replies, Protocol::Resp2).bulk_shared(&long);
        let mut reply = Reply::holding(&mut replies, Protocol::Resp2);
        let mark = reply.mark();
        reply.bulk_shared(&long);
        reply.rewind(mark);
        assert_eq!(Arc::strong_count(&long), 3);
        replies.truncate(place);
        assert_eq!(unsent(&replies), before);
        replies.clear(10);
        assert_eq!((replies.len(), Arc::strong_count(&long)), (0, 1));
        assert!(replies.capacity() <= 10);
    }

    #[test]
    fn one_call_is_given_a_bounded_number_of_runs() {
        let long = Arc::new(vec![b'v'; 10]);
        let mut replies = Replies::default();
        for _ in 0..100 {
            Reply::holding(&mut replies, Protocol::Resp2).bulk_shared(&long);
        }
        let mut out = Vec::new();
        while !replies.is_empty() {
            let part = unsent(&replies);
            assert!(!part.is_empty());
            replies.advance(part.len());
            out.extend(part);
        }
        assert_eq!(out, b"$10\r\nvvvvvvvvvv\r\n".repeat(100));
    }
}
