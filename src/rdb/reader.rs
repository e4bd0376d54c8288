//! Reads the format's primitives from bytes. Every method takes what it read from the front, or says [`Corrupt`].

use super::{Corrupt, lzf};
use std::borrow::Cow;

/// A length, or in its place how an integer or a compressed string follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// A length or count.
    Of(u64),
    /// An integer of one byte follows.
    Int8,
    /// An integer of two bytes follows.
    Int16,
    /// An integer of four bytes follows.
    Int32,
    /// A compressed string follows.
    Compressed,
}

/// What is left to read.
#[derive(Clone, Debug)]
pub struct Reader<'b> {
    rest: &'b [u8],
    string_bytes_max: usize,
}

impl<'b> Reader<'b> {
    /// Reads `bytes`; strings that are longer than `string_bytes_max` when they are uncompressed are refused.
    pub fn new(bytes: &'b [u8], string_bytes_max: usize) -> Reader<'b> {
        Reader { rest: bytes, string_bytes_max }
    }

    /// Bytes that are left.
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// `count` bytes as they are.
    pub fn bytes(&mut self, count: usize) -> Result<&'b [u8], Corrupt> {
        let (bytes, rest) = self.rest.split_at_checked(count).ok_or(Corrupt)?;
        self.rest = rest;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Corrupt> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(Corrupt)?;
        self.rest = rest;
        Ok(*bytes)
    }

    /// One byte.
    pub fn byte(&mut self) -> Result<u8, Corrupt> {
        self.array().map(|[byte]| byte)
    }

    /// A length or what stands in its place.
    pub fn length_or_form(&mut self) -> Result<Length, Corrupt> {
        const LENGTH_32: u8 = 0x80;
        const LENGTH_64: u8 = 0x81;
        let first = self.byte()?;
        Ok(match (first >> 6, first & 0x3F) {
            (0, low) => Length::Of(low.into()),
            (1, low) => Length::Of(u64::from(low) << 8 | u64::from(self.byte()?)),
            (3, 0) => Length::Int8,
            (3, 1) => Length::Int16,
            (3, 2) => Length::Int32,
            (3, 3) => Length::Compressed,
            _ if first == LENGTH_32 => Length::Of(u32::from_be_bytes(self.array()?).into()),
            _ if first == LENGTH_64 => Length::Of(u64::from_be_bytes(self.array()?)),
            _ => return Err(Corrupt),
        })
    }

    /// A length or count. It may announce anything: whoever allocates for it looks at what follows first.
    pub fn length(&mut self) -> Result<u64, Corrupt> {
        match self.length_or_form()? {
            Length::Of(length) => Ok(length),
            _ => Err(Corrupt),
        }
    }

    /// A string: borrowed where it stands as it is.
    pub fn string(&mut self) -> Result<Cow<'b, [u8]>, Corrupt> {
        let number: i64 = match self.length_or_form()? {
            Length::Of(length) => {
                let count = usize::try_from(length).map_err(|_| Corrupt)?;
                if count > self.string_bytes_max {
                    return Err(Corrupt);
                }
                return self.bytes(count).map(Cow::Borrowed);
            }
            Length::Compressed => return self.compressed().map(Cow::Owned),
            Length::Int8 => i8::from_le_bytes(self.array()?).into(),
            Length::Int16 => i16::from_le_bytes(self.array()?).into(),
            Length::Int32 => i32::from_le_bytes(self.array()?).into(),
        };
        Ok(Cow::Owned(itoa::Buffer::new().format(number).as_bytes().to_vec()))
    }

    fn compressed(&mut self) -> Result<Vec<u8>, Corrupt> {
        let compressed_bytes = usize::try_from(self.length()?).map_err(|_| Corrupt)?;
        let bytes = usize::try_from(self.length()?).map_err(|_| Corrupt)?;
        if bytes > self.string_bytes_max {
            return Err(Corrupt);
        }
        lzf::decompress(self.bytes(compressed_bytes)?, bytes)
    }

    /// A double as eight bytes.
    pub fn double(&mut self) -> Result<f64, Corrupt> {
        self.array().map(f64::from_le_bytes)
    }

    /// A double as text behind its length, of which three values stand for what has no digits.
    pub fn double_text(&mut self) -> Result<f64, Corrupt> {
        match self.byte()? {
            253 => Ok(f64::NAN),
            254 => Ok(f64::INFINITY),
            255 => Ok(f64::NEG_INFINITY),
            count => parse_double(self.bytes(count.into())?).ok_or(Corrupt),
        }
    }

    /// A time in ms.
    pub fn time_ms(&mut self) -> Result<i64, Corrupt> {
        self.array().map(i64::from_le_bytes)
    }
}

/// The double that a whole text spells, NaN included.
pub fn parse_double(text: &[u8]) -> Option<f64> {
    str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rdb::Writer;

    #[test]
    fn every_length_is_read_as_it_was_written() {
        for length in [0, 63, 64, 16_383, 16_384, u64::from(u32::MAX), u64::from(u32::MAX) + 1, u64::MAX] {
            let mut bytes = Vec::new();
            Writer::new(&mut bytes, false).length(length);
            let mut reader = Reader::new(&bytes, 0);
            assert_eq!((reader.length(), reader.remaining()), (Ok(length), 0));
            for cut in 0..bytes.len() {
                assert_eq!(Reader::new(&bytes[..cut], 0).length(), Err(Corrupt));
            }
        }
    }

    #[test]
    fn an_announced_length_is_compared_with_what_is_there() {
        for bytes in
            [&b"\x81\x7f\xff\xff\xff\xff\xff\xff\xffabc"[..], b"\x80\xff\xff\xff\xffabc", b"\x04abc", b"\x82", b"\xc4"]
        {
            assert_eq!(Reader::new(bytes, usize::MAX).string(), Err(Corrupt));
        }
        assert_eq!(Reader::new(b"\x03abc", 2).string(), Err(Corrupt));
        assert_eq!(Reader::new(b"\xc3\x02\x43\xe8\x00x\x00\x00", 999).string(), Err(Corrupt));
    }

    #[test]
    fn integers_are_read_as_text() {
        let cases = [(&b"\xc0\x80"[..], "-128"), (b"\xc1\xff\x7f", "32767"), (b"\xc2\x00\x00\x00\x80", "-2147483648")];
        for (bytes, text) in cases {
            assert_eq!(Reader::new(bytes, 9).string().as_deref(), Ok(text.as_bytes()));
        }
    }

    #[test]
    fn doubles_are_read_from_text() {
        assert_eq!(Reader::new(b"\x043.25", 9).double_text(), Ok(3.25));
        assert_eq!(Reader::new(b"\xfe", 9).double_text(), Ok(f64::INFINITY));
        assert_eq!(Reader::new(b"\xff", 9).double_text(), Ok(f64::NEG_INFINITY));
        assert!(Reader::new(b"\xfd", 9).double_text().is_ok_and(f64::is_nan));
        assert_eq!(Reader::new(b"\x033.25", 9).double_text(), Ok(3.2));
        assert_eq!(Reader::new(b"\x01x", 9).double_text(), Err(Corrupt));
        assert_eq!(Reader::new(b"\x00", 9).double_text(), Err(Corrupt));
    }
}
