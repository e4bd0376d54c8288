//! Reads ziplists, which versions before 7.0 packed small collections into.
//!
//! ```text
//! total bytes: u32 | offset of the last element: u32 | elements: u16 | elements … | 0xFF
//! element: bytes of the element before it (1 byte, or 0xFE and u32) | encoding | data
//! ```
//!
//! All little endian, apart from the lengths of strings.

use super::Corrupt;
use crate::store::value::listpack::{Elem, Listpack};

const HEADER_BYTES: usize = 10;
const END: u8 = 0xFF;
/// The length of the element before takes five bytes.
const LONG: u8 = 0xFE;
/// This count in the header means "walk to know".
const COUNT_UNKNOWN: u16 = u16::MAX;
/// Most that an element takes in a listpack on top of its bytes.
const ENTRY_BYTES_MAX: usize = 16;

/// The elements of a ziplist as a listpack, after checking everything it says of itself. O(bytes).
pub fn to_listpack(ziplist: &[u8]) -> Result<Listpack, Corrupt> {
    let mut list = Listpack::new();
    walk(ziplist, |elem| {
        if !list.fits(elem.len() + ENTRY_BYTES_MAX) {
            return Err(Corrupt);
        }
        match elem {
            Elem::Int(_) => list.push_back_elem(elem),
            Elem::Bytes(bytes) => list.push_back(bytes),
        };
        Ok(())
    })?;
    Ok(list)
}

/// Hands the elements to `each`, which may have seen some when the ziplist turns out to be corrupt. O(bytes).
pub fn walk<'z>(ziplist: &'z [u8], mut each: impl FnMut(Elem<'z>) -> Result<(), Corrupt>) -> Result<(), Corrupt> {
    let (header, elements) = ziplist.split_at_checked(HEADER_BYTES).ok_or(Corrupt)?;
    let number = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]) as usize;
    let (total, tail) = (number(0), number(4));
    let count = u16::from_le_bytes([header[8], header[9]]);
    let (&end, mut rest) = elements.split_last().ok_or(Corrupt)?;
    if total != ziplist.len() || end != END || tail > ziplist.len() - 1 {
        return Err(Corrupt);
    }
    let (mut seen, mut before_bytes) = (0usize, 0);
    while !rest.is_empty() {
        let start = ziplist.len() - 1 - rest.len();
        let (elem, bytes) = element(rest, before_bytes).ok_or(Corrupt)?;
        rest = rest.get(bytes..).ok_or(Corrupt)?;
        if rest.is_empty() && start != tail {
            return Err(Corrupt);
        }
        each(elem)?;
        before_bytes = bytes;
        seen += 1;
    }
    if count == COUNT_UNKNOWN || usize::from(count) == seen { Ok(()) } else { Err(Corrupt) }
}

/// The element at the start of `rest` and its bytes; `None` when it is none, or says another length than
/// `before_bytes` of the one before it.
fn element(rest: &[u8], before_bytes: usize) -> Option<(Elem<'_>, usize)> {
    let (said, head) = match *rest {
        [LONG, a, b, c, d, ..] => (u32::from_le_bytes([a, b, c, d]) as usize, 5),
        [LONG | END, ..] | [] => return None,
        [short, ..] => (usize::from(short), 1),
    };
    if said != before_bytes {
        return None;
    }
    let entry = rest.get(head..)?;
    let string = |head: usize, len: usize| Some((Elem::Bytes(entry.get(head..head.checked_add(len)?)?), head + len));
    let (elem, bytes) = match *entry {
        [first @ 0x00..=0x3F, ..] => string(1, first.into())?,
        [first @ 0x40..=0x7F, low, ..] => string(2, usize::from(first & 0x3F) << 8 | usize::from(low))?,
        [0x80..=0xBF, a, b, c, d, ..] => string(5, u32::from_be_bytes([a, b, c, d]) as usize)?,
        [0xC0, a, b, ..] => (Elem::Int(i16::from_le_bytes([a, b]).into()), 3),
        [0xD0, a, b, c, d, ..] => (Elem::Int(i32::from_le_bytes([a, b, c, d]).into()), 5),
        [0xE0, a, b, c, d, e, f, g, h, ..] => (Elem::Int(i64::from_le_bytes([a, b, c, d, e, f, g, h])), 9),
        // 24 bits: a low byte is shifted in and out again, for the sign.
        [0xF0, a, b, c, ..] => (Elem::Int(i64::from(i32::from_le_bytes([0, a, b, c]) >> 8)), 4),
        [0xFE, a, ..] => (Elem::Int(i8::from_le_bytes([a]).into()), 2),
        [first @ 0xF1..=0xFD, ..] => (Elem::Int(i64::from(first & 0x0F) - 1), 1),
        _ => return None,
    };
    Some((elem, head + bytes))
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A ziplist of these elements, whose bytes after the length of the one before are given.
    pub fn ziplist(elements: &[&[u8]]) -> Vec<u8> {
        let mut out = vec![0; HEADER_BYTES];
        let (mut before, mut tail) = (0usize, HEADER_BYTES);
        for element in elements {
            tail = out.len();
            match u8::try_from(before) {
                Ok(short @ 0..LONG) => out.push(short),
                _ => {
                    out.push(LONG);
                    out.extend((before as u32).to_le_bytes());
                }
            }
            out.extend(*element);
            before = out.len() - tail;
        }
        out.push(END);
        let total = (out.len() as u32).to_le_bytes();
        out[..4].copy_from_slice(&total);
        out[4..8].copy_from_slice(&(tail as u32).to_le_bytes());
        out[8..10].copy_from_slice(&(elements.len() as u16).to_le_bytes());
        out
    }

    fn texts(ziplist: &[u8]) -> Option<Vec<String>> {
        let list = to_listpack(ziplist).ok()?;
        Some(list.iter().map(|elem| String::from_utf8_lossy(&elem.to_vec()).into_owned()).collect())
    }

    #[test]
    fn every_encoding_of_an_element_is_read() {
        let middle = [&[0x40 | 1, 0][..], &[b'm'; 256]].concat();
        let long = [&[0x80, 0, 0, 0x50, 0][..], &[b'l'; 0x5000]].concat();
        let elements: [&[u8]; 11] = [
            b"\x05short",
            &middle,
            &long,
            b"\xc0\x00\x80",
            b"\xd0\xff\xff\xff\x7f",
            b"\xe0\x00\x00\x00\x00\x00\x00\x00\x80",
            b"\xf0\x00\x00\x80",
            b"\xfe\x80",
            b"\xf1",
            b"\xfd",
            b"\x00",
        ];
        let expected = [
            "short",
            &"m".repeat(256),
            &"l".repeat(0x5000),
            "-32768",
            "2147483647",
            "-9223372036854775808",
            "-8388608",
            "-128",
            "0",
            "12",
            "",
        ];
        assert_eq!(texts(&ziplist(&elements)).expect("it is one"), expected);
        assert_eq!(texts(&ziplist(&[])), Some(vec![]));
    }

    #[test]
    fn nothing_it_says_of_itself_may_be_wrong() {
        let good = ziplist(&[b"\x01a", b"\xf3", b"\x02bc"]);
        assert!(texts(&good).is_some());
        for at in 0..HEADER_BYTES {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert_eq!(texts(&bad), None, "header byte {at}");
        }
        for cut in 0..good.len() {
            assert_eq!(texts(&good[..cut]), None);
        }
        // The length of the element before.
        let mut bad = good.clone();
        bad[HEADER_BYTES + 3] = 2;
        assert_eq!(texts(&bad), None);
        // A string that reaches beyond the end.
        for first in [0x3F, 0x7F, 0x80] {
            let mut bad = good.clone();
            bad[HEADER_BYTES + 1] = first;
            assert_eq!(texts(&bad), None);
        }
        for first in [0xFF, 0xC1, 0xEF] {
            assert_eq!(texts(&ziplist(&[&[first, 1, 2, 3, 4, 5, 6, 7, 8]])), None);
        }
    }
}
