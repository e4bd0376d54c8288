//! Commands on strings.
//!
//! Values seen as bits are in [`super::bitmap`].

use crate::command::spec::Spec;

pub mod conditional;
mod lcs;
pub mod multi;
pub mod numeric;
mod options;
pub mod range;
pub mod value;

/// Rows of this family, file by file.
pub const FAMILY: &[&[Spec]] =
    &[value::COMMANDS, conditional::COMMANDS, numeric::COMMANDS, range::COMMANDS, multi::COMMANDS];
