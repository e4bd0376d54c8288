//! Memory that the connections of one thread work with in turns.
//!
//! A connection that has something to do is lent the thread's [`Work`], and gives it back when its requests have run
//! and its replies are sent. So an idle connection has none, a busy thread allocates none, and what was written last
//! is still in the cache. A connection with something left over keeps it: half a request, or replies that the socket
//! did not take.

use super::ahead::WAITING_MAX;
use super::plan::Plan;
use crate::resp::{Replies, RequestParser};
use std::cell::{Cell, RefCell};

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
    /// Of the parser's batch, once it is made.
    pub(super) plan: Plan,
    pub(super) output: Replies,
}

impl Work {
    fn new() -> Box<Work> {
        Box::new(Work {
            input: Vec::new(),
            parser: RequestParser::keeping_apart(),
            plan: Plan::default(),
            output: Replies::default(),
        })
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

/// One thread's spare memory.
#[derive(Default)]
pub(super) struct Spare {
    /// What is lent in turns; several only when several connections wait for each other's keys.
    // Boxed: it is the box that is lent.
    #[allow(clippy::vec_box)]
    works: RefCell<Vec<Box<Work>>>,
    /// A large read buffer that somebody with a short rest had no need of, and the output buffer beside it.
    input: Cell<Vec<u8>>,
    output: Cell<Replies>,
}

impl Spare {
    /// Lends what a connection works with.
    #[inline]
    pub(super) fn lend(&self) -> Box<Work> {
        self.works.borrow_mut().pop().unwrap_or_else(Work::new)
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
                let mut works = self.works.borrow_mut();
                if works.len() < WAITING_MAX {
                    works.push(work);
                }
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
            let mut output = std::mem::take(&mut work.output);
            output.clear(OUTPUT_BYTES_MAX);
            self.output.set(output);
        }
    }

    /// Makes room for [`READ_BYTES`] in a read buffer; there will be replies, too.
    #[inline]
    pub(super) fn make_room(&self, input: &mut Vec<u8>, output: &mut Replies) {
        if input.capacity() - input.len() < READ_BYTES {
            self.grow(input, output);
        }
    }

    #[cold]
    fn grow(&self, input: &mut Vec<u8>, output: &mut Replies) {
        if output.capacity() == 0 {
            *output = self.output.take();
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::{Protocol, Reply};

    #[test]
    fn what_is_settled_is_lent_again() {
        let spare = Spare::default();
        let mut held = Some(spare.lend());
        let Work { input, output, .. } = &mut **held.as_mut().unwrap();
        spare.make_room(input, output);
        assert!(input.capacity() >= READ_BYTES);
        let (place, room) = (input.as_ptr(), input.capacity());
        spare.settle(&mut held);
        assert!(held.is_none(), "an idle connection has nothing");
        assert_eq!((spare.lend().input.as_ptr(), room <= INPUT_BYTES_MAX), (place, true));
    }

    #[test]
    fn a_connection_keeps_only_what_is_left_over() {
        let spare = Spare::default();
        let mut held = Some(spare.lend());
        let Work { input, output, .. } = &mut **held.as_mut().unwrap();
        spare.make_room(input, output);
        let place = input.as_ptr();
        input.extend(b"half a request");
        spare.settle(&mut held);
        let Work { input, output, .. } = &mut **held.as_mut().unwrap();
        assert_eq!((&input[..], input.capacity()), (&b"half a request"[..], 14));
        spare.make_room(input, output);
        assert_eq!((&input[..], input.as_ptr()), (&b"half a request"[..], place), "the large buffer comes back");

        input.clear();
        Reply::holding(output, Protocol::Resp2).ok();
        spare.settle(&mut held);
        assert_eq!(held.unwrap().output.len(), 5, "replies that were not sent stay");
    }

    #[test]
    fn unusually_large_buffers_are_not_kept() {
        let spare = Spare::default();
        let mut held = Some(spare.lend());
        let work = held.as_mut().unwrap();
        work.input.reserve(INPUT_BYTES_MAX + 1);
        Reply::holding(&mut work.output, Protocol::Resp2).bulk(&[0; OUTPUT_BYTES_MAX + 1]);
        work.output.advance(work.output.len());
        spare.settle(&mut held);
        let work = spare.lend();
        assert_eq!((held.is_none(), work.input.capacity(), work.output.capacity()), (true, 0, 0));
    }
}
