//! Commands on hashes.

use crate::command::spec::Spec;

pub mod combined;
pub mod expire;
pub mod field;
pub mod iterate;
pub mod lifetime;
pub mod numeric;
pub mod whole;

/// Rows of this family, file by file.
pub const FAMILY: &[&[Spec]] = &[
    field::COMMANDS,
    whole::COMMANDS,
    numeric::COMMANDS,
    iterate::COMMANDS,
    expire::COMMANDS,
    lifetime::COMMANDS,
    combined::COMMANDS,
];
