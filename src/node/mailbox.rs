//! What others have to say to a client: messages of channels, invalidations, replies to commands that waited.
//!
//! Any thread may put bytes in; the connection's own takes them out between its requests.

use parking_lot::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::*};

/// See the module.
#[derive(Default)]
pub struct Mailbox {
    bytes: Mutex<Vec<u8>>,
    /// There is something.
    filled: AtomicBool,
}

impl Mailbox {
    /// Adds bytes. False, and nothing added, when more than `bytes_max` would lie there.
    pub fn put(&self, bytes: &[u8], bytes_max: usize) -> bool {
        let mut all = self.bytes.lock();
        if all.len() + bytes.len() > bytes_max {
            return false;
        }
        all.extend_from_slice(bytes);
        self.filled.store(true, Release);
        true
    }

    /// Is there something?
    #[inline]
    pub fn is_filled(&self) -> bool {
        self.filled.load(Acquire)
    }

    /// Takes all there is.
    pub fn take(&self) -> Vec<u8> {
        let mut all = self.bytes.lock();
        self.filled.store(false, Relaxed);
        std::mem::take(&mut *all)
    }

    /// Bytes that lie there.
    pub fn len(&self) -> usize {
        if self.is_filled() { self.bytes.lock().len() } else { 0 }
    }

    /// Nothing lies there.
    pub fn is_empty(&self) -> bool {
        !self.is_filled()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_pass_the_bound_is_not_taken_in() {
        let mailbox = Mailbox::default();
        assert!(mailbox.is_empty() && mailbox.put(b"abc", 5) && !mailbox.put(b"def", 5) && mailbox.put(b"de", 5));
        assert_eq!((mailbox.len(), mailbox.take().as_slice(), mailbox.is_empty()), (5, &b"abcde"[..], true));
    }
}
