//! Memory that the connections of one thread work with in turns.
//!
//! A connection that has something to do is lent the thread's [`Work`], and gives it back when its requests have run
//! and its replies are sent. So an idle connection has none, a busy thread allocates none, and what was written last
//! is still in the cache. A connection with something left over keeps it: half a request, or replies that the socket
//! did not take.

use crate::resp::{Replies, RequestParser};
use std::cell::Cell;

/// Bytes asked of a socket at once.
pub(super) const READ_BYTES: usize = 32 << 10;
/// Longest rest of a request that is moved between buffers, in bytes: that costs less than the memory it would hold.
const REST_BYTES_MAX: usize = 4 << 10;
/// Largest read buffer kept here.
const INPUT_BYTES_MAX: usize = 64 << 10;
/// Largest output buffer kept here.
const OUTPUT_BYTES_MAX: usize = 512 << 10;

/// What a connection works with while requests are under way.
pub(super) struct Work {
    /// Bytes read, from the first request that is not complete on.
    pub(super) input: Vec<u8>,
    pub(super) parser: RequestParser,
    pub(super) output: Replies,
}

impl Work {
    fn new() -> Box<Work> {
        Box::new(Work { input: Vec::new(), parser: RequestParser::keeping_apart(), output: Replies::default() })
    }

    /// Nothing is left over: the next connection may have it.
    #[inline]
    fn is_idle(&self) -> bool {
        // A parser in the middle of a request has at least the head of it in the buffer.
        self.input.is_empty() && self.output.is_empty()
    }

    /// Bytes of requests that wait for their rest or their turn.
    pub(super) fn input_bytes(&self) -> usize {
        self.input.len() + self.parser.apart_bytes()
    }
}

/// One thread's spare memory; none while it is lent.
#[derive(Default)]
pub(super) struct Spare {
    work: Cell<Option<Box<Work>>>,
    /// A large read buffer that somebody with a short rest had no need of.
    input: Cell<Vec<u8>>,
}

impl Spare {
    /// Lends what a connection works with.
    #[inline]
    pub(super) fn lend(&self) -> Box<Work> {
        self.work.take().unwrap_or_else(Work::new)
    }

    /// Takes back what a connection has no more need of.
    #[inline]
    pub(super) fn settle(&self, held: &mut Option<Box<Work>>) {
        match held.take() {
            Some(mut work) if work.is_idle() => {
                work.output.clear(OUTPUT_BYTES_MAX);
                if work.input.capacity() > INPUT_BYTES_MAX {
                    work.input = Vec::new();
                }
                work.parser.shrink();
                self.work.set(Some(work));
            }
            mut left => {
                if let Some(work) = &mut left {
                    self.trim(work);
                }
                *held = left;
            }
        }
    }

    /// Leaves a connection no more read buffer than its rest needs.
    #[cold]
    fn trim(&self, work: &mut Work) {
        if work.input.len() <= REST_BYTES_MAX && work.input.capacity() > REST_BYTES_MAX {
            let rest = work.input.as_slice().to_vec();
            let mut input = std::mem::replace(&mut work.input, rest);
            if input.capacity() <= INPUT_BYTES_MAX {
                input.clear();
                self.input.set(input);
            }
        }
        if work.output.is_empty() {
            work.output.clear(0);
        }
    }

    /// Makes room for [`READ_BYTES`] in a read buffer.
    #[inline]
    pub(super) fn make_room(&self, input: &mut Vec<u8>) {
        if input.capacity() - input.len() < READ_BYTES {
            self.grow(input);
        }
    }

    #[cold]
    fn grow(&self, input: &mut Vec<u8>) {
        if input.len() <= REST_BYTES_MAX {
            let mut larger = self.input.take();
            larger.reserve(REST_BYTES_MAX + READ_BYTES);
            larger.extend_from_slice(input);
            *input = larger;
        } else {
            input.reserve(READ_BYTES);
        }
    }
}
