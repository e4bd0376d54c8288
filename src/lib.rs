//! slotwise: a Redis-compatible sharded cache cluster.
//!
//! A map of the code, from the bottom up (nothing imports what stands below it in this list):
//!
//! | module | what it is |
//! |---|---|
//! | [`slot`] | slots, hash tags, slot ranges |
//! | [`resp`] | the wire protocol: request parser, reply writer |
//! | [`store`] | the keyspace: entries, values, expiry, transactions over slots |
//! | [`command`] | the command table and the data commands |

pub mod command;
pub mod resp;
pub mod slot;
pub mod store;
