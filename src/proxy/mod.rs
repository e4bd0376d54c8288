//! wip
pub mod config;
pub mod discovery;
pub mod merge;
pub mod outbox;
pub mod plan;
pub mod reply_scan;
pub mod retry;
pub mod scan;
pub mod topology;
