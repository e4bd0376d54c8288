//! Commands on strings seen as arrays of bits.

use crate::command::spec::Spec;

pub mod bits;
pub mod field;
pub mod operation;

/// Rows of this family, file by file.
pub const FAMILY: &[&[Spec]] = &[bits::COMMANDS, operation::COMMANDS, field::COMMANDS];
