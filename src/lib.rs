//! slotwise: a Redis-compatible sharded cache cluster.
//!
//! A map of the code, from the bottom up (nothing imports what stands below it in this list):
//!
//! | module | what it is |
//! |---|---|
//! | [`slot`] | slots, hash tags, slot ranges and sets |
//! | [`store`] | the keyspace: entries, values, expiry, transactions over slots |

pub mod resp;
pub mod slot;
pub mod store;
