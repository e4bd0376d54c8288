//! Scripts and functions.

use crate::command::spec::Spec;

pub mod eval;
pub mod function;

/// Rows of this family, file by file.
pub const FAMILY: &[&[Spec]] = &[eval::COMMANDS, function::COMMANDS];
