//! What DUMP answers and RESTORE takes: a value behind its encoding, the version, a checksum of all of it.

use super::encode::{self, Source};
use super::{Corrupt, Encoding, Reader, Value, Writer, crc64, decode, reads_version};
use crate::store::value::Limits;

const VERSION_BYTES: usize = 2;
const CHECKSUM_BYTES: usize = 8;

/// The payload of a value. O(its bytes).
///
/// Its version is [`VERSION`](super::VERSION), but for hashes whose fields expire, which only later ones know.
pub fn dump(source: Source<'_>, limits: &Limits, compresses: bool) -> Vec<u8> {
    let encoding = encode::encoding_of(source);
    let mut out = vec![encoding.number()];
    encode::write(&mut Writer::new(&mut out, compresses), source, limits);
    seal(&mut out, encoding.version());
    out
}

/// Puts version and checksum behind a value and its encoding.
pub fn seal(out: &mut Vec<u8>, version: u16) {
    out.extend_from_slice(&version.to_le_bytes());
    let checksum = crc64(out);
    out.extend_from_slice(&checksum.to_le_bytes());
}

/// A payload whose checksum is right, of a version that is read.
#[derive(Clone, Copy, Debug)]
pub struct Payload<'b> {
    value: &'b [u8],
    version: u16,
}

impl<'b> Payload<'b> {
    /// Looks at version and checksum; `None` when one of them is wrong. O(bytes).
    pub fn open(bytes: &'b [u8]) -> Option<Payload<'b>> {
        let (covered, checksum) = bytes.split_last_chunk::<CHECKSUM_BYTES>()?;
        let (value, version) = covered.split_last_chunk::<VERSION_BYTES>()?;
        let version = u16::from_le_bytes(*version);
        let good = reads_version(version) && crc64(covered) == u64::from_le_bytes(*checksum);
        good.then_some(Payload { value, version })
    }

    /// The value in it. Strings that are longer than `string_bytes_max` are refused, as is anything behind the value:
    /// the reference takes no notice of it, but nobody who writes payloads puts something there. O(bytes).
    pub fn decode(self, limits: &Limits, string_bytes_max: usize) -> Result<Value<'b>, Corrupt> {
        let mut reader = Reader::new(self.value, string_bytes_max);
        let encoding = Encoding::from_number(reader.byte()?, self.version).ok_or(Corrupt)?;
        let value = decode::read(&mut reader, encoding, limits)?;
        if reader.remaining() == 0 { Ok(value) } else { Err(Corrupt) }
    }
}
