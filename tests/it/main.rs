//! Integration tests: the built binary, driven from outside over its sockets.
//!
//! One test binary, one file per story; every story starts its own servers through [`support`], so the tests run in
//! any order and side by side. What real client libraries of other languages do is in `tests/clients`, the
//! reference's own suite in `tests/compat`.

mod clients;
mod command_log;
mod differential;
mod dump_restore;
mod large_values;
mod lazy_free;
mod many_clients;
mod memory_limit;
mod proxy;
mod robustness;
mod same_slot;
mod support;
mod transactions;
