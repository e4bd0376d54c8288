//! Commands on lists.

use crate::command::spec::Spec;

pub mod blocking;
pub mod element;
pub mod moving;
pub mod pop;
pub mod push;

/// Rows of this family, file by file.
pub const FAMILY: &[&[Spec]] =
    &[push::COMMANDS, pop::COMMANDS, element::COMMANDS, moving::COMMANDS, blocking::COMMANDS];
