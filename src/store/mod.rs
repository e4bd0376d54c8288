//! The keyspace: what keys hold, where they stand, when they expire.
//!
//! [`Keyspace`] is all keys of a node; a [`Tx`] over locked slots is the only way to touch them. An [`Entry`] is
//! a key with its value in one allocation; collections are in [`value`].

mod access;
pub mod counters;
mod entry;
mod expiry;
mod garbage;
mod held;
pub mod hooks;
mod key;
mod keyspace;
mod object;
mod packing;
mod sampling;
mod size_class;
mod slot_table;
mod string;
mod table;
mod tx;
pub mod value;
mod walk;

pub use access::{AccessPolicy, Lfu};
pub use counters::{Counter, Tally};
pub use entry::{Entry, Ref, SHARED_BYTES_MIN};
pub use expiry::Sweep;
pub use garbage::{Cause, Garbage};
pub use held::HeldSlots;
pub use hooks::{Change, Hooks, Observer, Told};
pub use key::{Key, KeyHash};
pub use keyspace::{DATABASES_MAX, DatabaseSize, Flushed, Keyspace, SlotLock};
pub use object::{Collection, Kind, Object};
pub use packing::{Pack, Packing};
pub use sampling::{Eviction, Order, Sampler};
pub use string::Str;
pub use tx::{Aftermath, Event, Locks, Overflow, Ttl, Tx, WrongType};
