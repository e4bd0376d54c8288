//! Ids of stream entries: a time in ms and a number within it, written `ms-seq`.

use std::fmt;

/// Bytes of the longest id: two 64-bit numbers and a dash.
const TEXT_BYTES_MAX: usize = 41;

/// The id of an entry. They only grow within a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id {
    /// Unix time in ms, unless the client said otherwise.
    pub ms: u64,
    /// Number among those of the same ms.
    pub seq: u64,
}

impl Id {
    /// `0-0`: smaller than any entry's, since that one cannot be added.
    pub const MIN: Id = Id { ms: 0, seq: 0 };
    /// The largest.
    pub const MAX: Id = Id { ms: u64::MAX, seq: u64::MAX };

    /// An id of its parts.
    pub const fn new(ms: u64, seq: u64) -> Id {
        Id { ms, seq }
    }

    /// The one behind it; `None` behind the largest.
    pub fn next(self) -> Option<Id> {
        match self.seq.checked_add(1) {
            Some(seq) => Some(Id { seq, ..self }),
            None => self.ms.checked_add(1).map(|ms| Id { ms, seq: 0 }),
        }
    }

    /// The one before it; `None` before the smallest.
    pub fn previous(self) -> Option<Id> {
        match self.seq.checked_sub(1) {
            Some(seq) => Some(Id { seq, ..self }),
            None => self.ms.checked_sub(1).map(|ms| Id { ms, seq: u64::MAX }),
        }
    }

    /// The id of an entry that is added at `now_ms` behind this one. A clock that stands still or goes back is
    /// outrun by the sequence number. `None` behind the largest.
    pub fn following(self, now_ms: u64) -> Option<Id> {
        if now_ms > self.ms { Some(Id::new(now_ms, 0)) } else { self.next() }
    }

    /// Its text.
    pub fn text(self) -> Text {
        let mut text = Text { bytes: [0; TEXT_BYTES_MAX], length: 0 };
        text.append(itoa::Buffer::new().format(self.ms).as_bytes());
        text.append(b"-");
        text.append(itoa::Buffer::new().format(self.seq).as_bytes());
        text
    }

    /// Its bytes in the order in which ids sort: both parts big endian.
    pub fn to_bytes(self) -> [u8; 16] {
        ((u128::from(self.ms) << 64) | u128::from(self.seq)).to_be_bytes()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.ms, self.seq)
    }
}

/// The text of an id, without an allocation.
pub struct Text {
    bytes: [u8; TEXT_BYTES_MAX],
    length: usize,
}

impl Text {
    /// The text.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    fn append(&mut self, part: &[u8]) {
        self.bytes[self.length..self.length + part.len()].copy_from_slice(part);
        self.length += part.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_carry_into_the_time_and_end_at_the_ends() {
        assert_eq!(Id::new(1, 2).next(), Some(Id::new(1, 3)));
        assert_eq!(Id::new(1, u64::MAX).next(), Some(Id::new(2, 0)));
        assert_eq!(Id::MAX.next(), None);
        assert_eq!(Id::new(1, 2).previous(), Some(Id::new(1, 1)));
        assert_eq!(Id::new(1, 0).previous(), Some(Id::new(0, u64::MAX)));
        assert_eq!(Id::MIN.previous(), None);
    }

    #[test]
    fn an_automatic_id_never_goes_back() {
        assert_eq!(Id::new(5, 9).following(6), Some(Id::new(6, 0)));
        assert_eq!(Id::new(5, 9).following(5), Some(Id::new(5, 10)));
        assert_eq!(Id::new(5, u64::MAX).following(4), Some(Id::new(6, 0)));
        assert_eq!(Id::MAX.following(u64::MAX), None);
    }

    #[test]
    fn text_and_bytes_sort_and_print_as_the_reference_has_them() {
        assert_eq!(Id::MAX.text().as_bytes(), b"18446744073709551615-18446744073709551615");
        assert_eq!(Id::new(7, 0).to_string(), "7-0");
        assert_eq!(Id::new(1, 2).to_bytes(), [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2]);
    }
}
