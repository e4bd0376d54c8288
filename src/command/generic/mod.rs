//! Commands on keys of any kind.

use crate::command::spec::Spec;

pub mod expire;
pub mod iterate;
pub mod key;
pub mod lifetime;
pub mod object;
pub mod sort;
mod sorting;
pub mod transfer;
pub mod wait;

/// Rows of this family, file by file.
pub const FAMILY: &[&[Spec]] = &[
    key::COMMANDS,
    expire::COMMANDS,
    lifetime::COMMANDS,
    iterate::COMMANDS,
    object::COMMANDS,
    sort::COMMANDS,
    transfer::COMMANDS,
    wait::COMMANDS,
];
