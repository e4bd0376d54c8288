//! Commands on sets.

use crate::command::spec::Spec;

pub mod algebra;
pub mod member;
pub mod random;

/// Rows of this family, file by file.
pub const FAMILY: &[&[Spec]] = &[member::COMMANDS, random::COMMANDS, algebra::COMMANDS];
