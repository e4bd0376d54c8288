//! A client's replies in the order of its requests, whichever backend answers first.
//!
//! Pure: no socket. A reply whose turn it is goes straight to the output bytes; one that overtakes waits as a copy
//! until all before it are there. The bounds on what waits are the caller's, who sees [`Outbox::pending`],
//! [`Outbox::held_bytes`] and [`Outbox::due_bytes`] and stops reading requests.

use std::collections::VecDeque;

/// Buffers larger than this are given back when they run empty.
const KEPT_BYTES_MAX: usize = 16 * 1024;
/// Most buffers of overtaking replies kept for reuse.
const SPARE_MAX: usize = 4_096;
/// Largest buffer of an overtaking reply kept for reuse, in bytes.
const SPARE_BYTES_MAX: usize = 1_024;

/// What one request waits for.
#[derive(Debug)]
enum Turn {
    /// Its reply.
    Waiting,
    /// Its reply, which the client does not want (CLIENT REPLY).
    Muted,
    /// The replies before it.
    Early(Vec<u8>),
}

/// Empty buffers for overtaking replies, shared by the clients of a thread.
#[derive(Debug, Default)]
pub struct Spare(Vec<Vec<u8>>);

impl Spare {
    fn take(&mut self, reply: &[u8]) -> Vec<u8> {
        let mut buffer = self.0.pop().unwrap_or_default();
        buffer.extend_from_slice(reply);
        buffer
    }

    fn give(&mut self, mut buffer: Vec<u8>) {
        if buffer.capacity() > 0 && buffer.capacity() <= SPARE_BYTES_MAX && self.0.len() < SPARE_MAX {
            buffer.clear();
            self.0.push(buffer);
        }
    }
}

/// See the module.
#[derive(Debug, Default)]
pub struct Outbox {
    /// Replies in order; the first `written` bytes have gone out.
    out: Vec<u8>,
    written: usize,
    /// Number of the request at the front of `turns`; wraps.
    head: u32,
    turns: VecDeque<Turn>,
    /// Bytes in `Early` turns.
    early_bytes: usize,
    /// Length of the longest of the last replies: it fades by an eighth with each that is shorter.
    long_bytes: usize,
}

impl Outbox {
    /// Takes a turn for the next request and returns its number, to be given to [`deliver`](Self::deliver).
    #[inline]
    pub fn expect(&mut self, muted: bool) -> u32 {
        let number = self.head.wrapping_add(self.turns.len() as u32);
        self.turns.push_back(if muted { Turn::Muted } else { Turn::Waiting });
        number
    }

    /// Takes in the reply to the request with this number, once. True when output grew.
    #[inline]
    pub fn deliver(&mut self, number: u32, reply: &[u8], spare: &mut Spare) -> bool {
        self.long_bytes = reply.len().max(self.long_bytes - self.long_bytes.div_ceil(8));
        if number == self.head {
            let muted = matches!(self.turns.pop_front(), Some(Turn::Muted) | None);
            self.head = self.head.wrapping_add(1);
            if !muted {
                self.out.extend_from_slice(reply);
            }
            if matches!(self.turns.front(), Some(Turn::Early(_))) {
                self.catch_up(spare);
            }
            return true;
        }
        let index = number.wrapping_sub(self.head) as usize;
        match self.turns.get_mut(index) {
            Some(turn @ Turn::Waiting) => {
                *turn = Turn::Early(spare.take(reply));
                self.early_bytes += reply.len();
            }
            Some(turn @ Turn::Muted) => *turn = Turn::Early(Vec::new()),
            Some(Turn::Early(_)) | None => debug_assert!(false, "a request is answered once"),
        }
        false
    }

    fn catch_up(&mut self, spare: &mut Spare) {
        while let Some(Turn::Early(_)) = self.turns.front() {
            let Some(Turn::Early(reply)) = self.turns.pop_front() else { return };
            self.head = self.head.wrapping_add(1);
            self.out.extend_from_slice(&reply);
            self.early_bytes -= reply.len();
            spare.give(reply);
        }
    }

    /// Takes a turn that is answered at once by what `write` appends. True when output grew.
    pub fn answer(&mut self, muted: bool, write: impl FnOnce(&mut Vec<u8>)) -> bool {
        let now = self.turns.is_empty();
        let mark = self.out.len();
        if now && !muted {
            write(&mut self.out);
            return self.out.len() > mark;
        }
        let mut reply = Vec::new();
        write(&mut reply);
        if muted {
            reply.clear();
        }
        if !now {
            self.early_bytes += reply.len();
            self.turns.push_back(Turn::Early(reply));
        }
        false
    }

    /// Requests that are not answered yet, or whose answer waits for one before it.
    #[inline]
    pub fn pending(&self) -> usize {
        self.turns.len()
    }

    /// Bytes of replies that have not gone out.
    #[inline]
    pub fn held_bytes(&self) -> usize {
        self.out.len() - self.written + self.early_bytes
    }

    /// Bytes of replies that have not gone out, and those that may yet come for requests under way, were all as long as
    /// the last ones.
    #[inline]
    pub fn due_bytes(&self) -> usize {
        self.held_bytes() + self.turns.len().saturating_mul(self.long_bytes)
    }

    /// Bytes to write next.
    #[inline]
    pub fn unwritten(&self) -> &[u8] {
        &self.out[self.written..]
    }

    /// Marks bytes of [`unwritten`](Self::unwritten) as gone.
    #[inline]
    pub fn wrote(&mut self, bytes: usize) {
        self.written += bytes;
        if self.written >= self.out.len() {
            self.written = 0;
            if self.out.capacity() > KEPT_BYTES_MAX { self.out = Vec::new() } else { self.out.clear() }
        } else if self.written > KEPT_BYTES_MAX && self.written > self.out.len() / 2 {
            self.out.drain(..self.written);
            self.written = 0;
        }
    }

    /// Forgets all replies: the client is gone.
    pub fn clear(&mut self) {
        *self = Outbox { head: self.head.wrapping_add(self.turns.len() as u32), ..Outbox::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(outbox: &mut Outbox) -> String {
        let text = String::from_utf8(outbox.unwritten().to_vec()).unwrap();
        let bytes = text.len();
        outbox.wrote(bytes);
        text
    }

    #[test]
    fn overtaking_replies_wait_their_turn() {
        let (mut outbox, mut spare) = (Outbox::default(), Spare::default());
        let numbers: Vec<u32> = (0..4).map(|_| outbox.expect(false)).collect();
        assert!(!outbox.deliver(numbers[2], b"2", &mut spare));
        assert!(!outbox.deliver(numbers[1], b"1", &mut spare));
        assert_eq!((outbox.pending(), outbox.held_bytes(), outbox.unwritten().len()), (4, 2, 0));
        assert!(outbox.deliver(numbers[0], b"0", &mut spare));
        assert_eq!(taken(&mut outbox), "012");
        assert!(!outbox.answer(false, |out| out.push(b'4')), "the third reply is still due");
        assert!(outbox.deliver(numbers[3], b"3", &mut spare));
        assert_eq!(taken(&mut outbox), "34");
        assert!(outbox.answer(false, |out| out.push(b'5')));
        assert_eq!((taken(&mut outbox).as_str(), outbox.pending(), outbox.held_bytes()), ("5", 0, 0));
    }

    #[test]
    fn muted_replies_take_a_turn_and_no_bytes() {
        let (mut outbox, mut spare) = (Outbox::default(), Spare::default());
        let (a, b, c) = (outbox.expect(true), outbox.expect(false), outbox.expect(true));
        outbox.deliver(c, b"c", &mut spare);
        outbox.answer(true, |out| out.push(b'd'));
        outbox.deliver(b, b"b", &mut spare);
        outbox.deliver(a, b"a", &mut spare);
        assert_eq!((taken(&mut outbox).as_str(), outbox.pending()), ("b", 0));
    }

    #[test]
    fn what_is_due_follows_the_length_of_the_last_replies() {
        let (mut outbox, mut spare) = (Outbox::default(), Spare::default());
        assert_eq!((outbox.expect(false), outbox.due_bytes()), (0, 0));
        outbox.deliver(0, &[b'x'; 1000], &mut spare);
        outbox.wrote(1000);
        let numbers: Vec<u32> = (0..30).map(|_| outbox.expect(false)).collect();
        assert_eq!(outbox.due_bytes(), 30 * 1000);
        for number in &numbers[..29] {
            outbox.deliver(*number, b"12", &mut spare);
        }
        assert!(outbox.due_bytes() < 2 * 29 + 50, "long replies are forgotten: {}", outbox.due_bytes());
    }

    #[test]
    fn replies_in_any_order_come_out_in_order() {
        let seed = fastrand::u64(..);
        println!("seed {seed}");
        let mut random = fastrand::Rng::with_seed(seed);
        // Numbers wrap around in the middle of this.
        let (mut outbox, mut spare) = (Outbox { head: u32::MAX - 500, ..Outbox::default() }, Spare::default());
        let (mut expected, mut text, mut open) = (String::new(), String::new(), Vec::new());
        for round in 0..3_000 {
            if random.u8(..3) > 0 {
                let body = format!("{round},");
                open.push((outbox.expect(false), body.clone()));
                expected += &body;
            } else if !open.is_empty() {
                let (number, body) = open.swap_remove(random.usize(..open.len()));
                outbox.deliver(number, body.as_bytes(), &mut spare);
            }
            let some = random.usize(..=outbox.unwritten().len());
            text += std::str::from_utf8(&outbox.unwritten()[..some]).unwrap();
            outbox.wrote(some);
        }
        for (number, body) in open {
            outbox.deliver(number, body.as_bytes(), &mut spare);
        }
        text += &taken(&mut outbox);
        assert_eq!(text, expected);
        assert_eq!((outbox.pending(), outbox.held_bytes()), (0, 0));
    }
}
