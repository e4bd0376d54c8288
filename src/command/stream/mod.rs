//! Commands on streams.

use crate::command::spec::Spec;

pub mod entry;
pub mod group;
pub mod info;
pub mod pending;
pub mod read;

/// Rows of this family, file by file.
pub const FAMILY: &[&[Spec]] = &[entry::COMMANDS, read::COMMANDS, group::COMMANDS, pending::COMMANDS, info::COMMANDS];
