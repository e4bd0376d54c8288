//! Writes the format's primitives behind what a vector holds.

use super::lzf;
use crate::store::value::listpack::{Elem, integer};

/// Longest string that may be an integer of 32 bits.
const INTEGER_BYTES_MAX: usize = 11;
/// Longest string that no compression makes shorter.
const INCOMPRESSIBLE_BYTES_MAX: usize = 20;

/// Where values are written.
pub struct Writer<'o> {
    out: &'o mut Vec<u8>,
    compresses: bool,
}

impl<'o> Writer<'o> {
    /// Writes behind what `out` holds, strings compressed where that makes them shorter, or never.
    pub fn new(out: &'o mut Vec<u8>, compresses: bool) -> Writer<'o> {
        Writer { out, compresses }
    }

    /// Bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// One byte.
    pub fn byte(&mut self, byte: u8) {
        self.out.push(byte);
    }

    /// A length or count, in 1, 2, 5 or 9 bytes.
    pub fn length(&mut self, length: u64) {
        match (u8::try_from(length), u16::try_from(length), u32::try_from(length)) {
            (Ok(short @ 0..64), ..) => self.byte(short),
            (_, Ok(length @ 0..0x4000), _) => self.bytes(&(length | 0x4000).to_be_bytes()),
            (_, _, Ok(length)) => {
                self.byte(0x80);
                self.bytes(&length.to_be_bytes());
            }
            _ => {
                self.byte(0x81);
                self.bytes(&length.to_be_bytes());
            }
        }
    }

    /// The count of something in memory.
    pub fn count(&mut self, count: usize) {
        self.length(count as u64);
    }

    /// A string: as an integer when it spells one of 32 bits, compressed when that saves more than 4 bytes.
    /// O(bytes).
    pub fn string(&mut self, string: &[u8]) {
        if string.len() <= INTEGER_BYTES_MAX
            && let Some(number) = integer(string)
            && self.small_integer(number)
        {
            return;
        }
        if self.compresses && string.len() > INCOMPRESSIBLE_BYTES_MAX && self.compressed(string) {
            return;
        }
        self.count(string.len());
        self.bytes(string);
    }

    /// A string that is kept as an integer.
    pub fn integer(&mut self, number: i64) {
        if !self.small_integer(number) {
            let mut digits = itoa::Buffer::new();
            let text = digits.format(number).as_bytes();
            self.count(text.len());
            self.bytes(text);
        }
    }

    /// An element of a collection.
    pub fn elem(&mut self, elem: Elem<'_>) {
        match elem {
            Elem::Int(number) => self.integer(number),
            Elem::Bytes(bytes) => self.string(bytes),
        }
    }

    /// A double as eight bytes.
    pub fn double(&mut self, value: f64) {
        self.bytes(&value.to_le_bytes());
    }

    /// A time in ms.
    pub fn time_ms(&mut self, time_ms: i64) {
        self.bytes(&time_ms.to_le_bytes());
    }

    fn small_integer(&mut self, number: i64) -> bool {
        if let Ok(number) = i8::try_from(number) {
            self.byte(0xC0);
            self.bytes(&number.to_le_bytes());
        } else if let Ok(number) = i16::try_from(number) {
            self.byte(0xC1);
            self.bytes(&number.to_le_bytes());
        } else if let Ok(number) = i32::try_from(number) {
            self.byte(0xC2);
            self.bytes(&number.to_le_bytes());
        } else {
            return false;
        }
        true
    }

    fn compressed(&mut self, string: &[u8]) -> bool {
        let Some(compressed) = lzf::compress(string, string.len() - 4) else { return false };
        self.byte(0xC3);
        self.count(compressed.len());
        self.count(string.len());
        self.bytes(&compressed);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
        let mut out = Vec::new();
        write(&mut Writer::new(&mut out, true));
        out
    }

    #[test]
    fn strings_take_the_shortest_form() {
        let cases: [(&[u8], &[u8]); 9] = [
            (b"", b"\x00"),
            (b"0", b"\xc0\x00"),
            (b"-129", b"\xc1\x7f\xff"),
            (b"65536", b"\xc2\x00\x00\x01\x00"),
            (b"2147483648", b"\x0a2147483648"),
            (b"007", b"\x03007"),
            (b"-0", b"\x02-0"),
            (&[b'a'; 20], b"\x14aaaaaaaaaaaaaaaaaaaa"),
            (&[b'a'; 30], b"\xc3\x09\x1e\x01aa\xe0\x11\x00\x01aa"),
        ];
        for (string, bytes) in cases {
            assert_eq!(written(|writer| writer.string(string)), bytes);
        }
    }
}
