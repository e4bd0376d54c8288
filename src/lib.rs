//! slotwise: a Redis-compatible sharded cache cluster.
//!
//! A map of the code, from the bottom up (nothing imports what stands below it in this list):
//!
//! | module | what it is |
//! |---|---|
//! | [`slot`] | slots, hash tags, slot ranges |
//! | [`memory`] | bytes in use, counted thread by thread |
//! | [`resp`] | the wire protocol: request parser, reply writer |
//! | [`store`] | the keyspace: entries, values, expiry, transactions over slots |
//! | [`rdb`] | values as bytes, in the format of the reference's dumps |
//! | [`command`] | the command table and the data commands |
//! | [`cluster`] | members and slot owners: the view of the cluster |
//! | [`net`] | sockets, worker threads, output buffers |
//! | [`node`] | one cache node |
//! | [`proxy`] | the cluster-aware proxy; it and [`node`] never import each other |
//! | [`cli`] | the command line |

pub mod cli;
pub mod cluster;
pub mod command;
pub mod memory;
pub mod net;
pub mod node;
pub mod proxy;
pub mod rdb;
pub mod resp;
pub mod slot;
pub mod store;
