//! Commands about the connection itself.

use crate::command::spec::Spec;

pub mod basic;
pub mod client;

/// Rows of this family, file by file.
pub const FAMILY: &[&[Spec]] = &[basic::COMMANDS, client::COMMANDS];
