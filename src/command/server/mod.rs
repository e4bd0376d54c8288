//! Commands about the process.

use crate::command::spec::Spec;

pub mod acl;
pub mod command;
pub mod config;
pub mod debug;
pub mod info;
pub mod keyspace;
pub mod latency;
pub mod module;
pub mod persistence;
pub mod replication;

/// Rows of this family, file by file.
pub const FAMILY: &[&[Spec]] = &[
    acl::COMMANDS,
    command::COMMANDS,
    config::COMMANDS,
    debug::COMMANDS,
    info::COMMANDS,
    latency::COMMANDS,
    module::COMMANDS,
    keyspace::COMMANDS,
    persistence::COMMANDS,
    replication::COMMANDS,
];
