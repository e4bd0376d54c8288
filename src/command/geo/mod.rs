//! Commands on sorted sets of positions.

use crate::command::spec::Spec;

pub mod position;
pub mod radius;
pub mod search;

/// Rows of this family, file by file.
pub const FAMILY: &[&[Spec]] = &[position::COMMANDS, search::COMMANDS, radius::COMMANDS];
