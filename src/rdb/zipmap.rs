//! Reads zipmaps, which versions before 2.6 packed small hashes into.
//!
//! ```text
//! fields: 1 byte (254: walk to know) | (length | field | length | spare: 1 byte | value | spare bytes) … | 0xFF
//! length: 1 byte, or 0xFE and u32 little endian
//! ```

use super::Corrupt;
use crate::store::value::listpack::Listpack;

const END: u8 = 0xFF;
const LONG: u8 = 0xFE;
/// Most that a field and its value take in a listpack on top of their bytes.
const PAIR_BYTES_MAX: usize = 32;

/// Fields and values in turn, at least one. O(bytes).
pub fn to_listpack(zipmap: &[u8]) -> Result<Listpack, Corrupt> {
    let [count, pairs @ .., END] = zipmap else { return Err(Corrupt) };
    let (mut rest, mut list, mut seen) = (pairs, Listpack::new(), 0usize);
    while !rest.is_empty() {
        let field_len = length(&mut rest)?;
        let field = take(&mut rest, field_len)?;
        let value_len = length(&mut rest)?;
        let spare = take(&mut rest, 1)?[0];
        let value = take(&mut rest, value_len)?;
        take(&mut rest, spare.into())?;
        if !list.fits(field_len + value_len + PAIR_BYTES_MAX) {
            return Err(Corrupt);
        }
        list.push_back(field);
        list.push_back(value);
        seen += 1;
    }
    let counted = *count == LONG || usize::from(*count) == seen;
    if counted && seen > 0 { Ok(list) } else { Err(Corrupt) }
}

fn take<'z>(rest: &mut &'z [u8], count: usize) -> Result<&'z [u8], Corrupt> {
    let (bytes, behind) = rest.split_at_checked(count).ok_or(Corrupt)?;
    *rest = behind;
    Ok(bytes)
}

fn length(rest: &mut &[u8]) -> Result<usize, Corrupt> {
    match take(rest, 1)?[0] {
        END => Err(Corrupt),
        LONG => take(rest, 4).map(|bytes| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize),
        short => Ok(short.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(zipmap: &[u8]) -> Option<Vec<Vec<u8>>> {
        to_listpack(zipmap).ok().map(|list| list.iter().map(|elem| elem.to_vec()).collect())
    }

    #[test]
    fn fields_and_values_are_read() {
        let short = b"\x02\x01f\x03\x00abc\x00\x00\x02xx\xff";
        assert_eq!(texts(short), Some(vec![b"f".to_vec(), b"abc".to_vec(), b"".to_vec(), b"".to_vec()]));
        let long = [&b"\xfe\xfe\x2c\x01\x00\x00"[..], &[b'f'; 300], b"\xfe\x2c\x01\x00\x00\x00", &[b'v'; 300], b"\xff"];
        assert_eq!(texts(&long.concat()), Some(vec![vec![b'f'; 300], vec![b'v'; 300]]));
    }

    #[test]
    fn nothing_it_says_of_itself_may_be_wrong() {
        let good = b"\x01\x01f\x03\x00abc\xff";
        assert!(texts(good).is_some());
        for cut in 0..good.len() {
            assert_eq!(texts(&good[..cut]), None);
        }
        for bad in
            [&b"\x02\x01f\x03\x00abc\xff"[..], b"\x01\x01f\x03\x01abc\xff", b"\x01\xff\x01f\x00\x00\xff", b"\x00\xff"]
        {
            assert_eq!(texts(bad), None, "{bad:?}");
        }
    }
}
