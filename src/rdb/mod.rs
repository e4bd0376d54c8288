//! The reference's serialization of values: what DUMP answers and RESTORE takes, and what its files are made of.
//!
//! [`Reader`] and [`Writer`] know the primitives (lengths, strings, doubles, times), [`encode`] and [`decode`] values
//! in any of their [`Encoding`]s, [`payload`] the envelope around a single one. Pure functions of bytes: no clock, no
//! keyspace, no connection.
//!
//! Bytes come from anywhere. Whatever they are, reading them ends in a value whose every part was checked or in
//! [`Corrupt`]; nothing is allocated because of a length that is only announced.

mod crc64;
pub mod decode;
pub mod encode;
mod format;
pub mod lzf;
pub mod payload;
mod reader;
mod writer;
mod ziplist;
mod zipmap;

pub use crc64::crc64;
pub use decode::Value;
pub use encode::Source;
pub use format::{Encoding, Opcode, VERSION, VERSION_EXPIRING, reads_version};
pub use reader::{Length, Reader};
pub use writer::Writer;

/// The bytes are not what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Bad data format")]
pub struct Corrupt;
