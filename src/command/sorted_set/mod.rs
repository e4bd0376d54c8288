//! Commands on sorted sets.

use crate::command::spec::Spec;

pub mod add;
pub mod algebra;
pub mod blocking;
pub mod bounds;
pub mod iterate;
pub mod pop;
pub mod range;
pub mod range_by;
pub mod remove;
pub mod score;
pub mod shape;
pub mod sources;

/// Rows of this family, file by file.
pub const FAMILY: &[&[Spec]] = &[
    add::COMMANDS,
    score::COMMANDS,
    remove::COMMANDS,
    range::COMMANDS,
    range_by::COMMANDS,
    pop::COMMANDS,
    blocking::COMMANDS,
    algebra::COMMANDS,
    iterate::COMMANDS,
];
