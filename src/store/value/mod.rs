//! What a key can hold besides a string: lists, sets, hashes and sorted sets, each packed while small, and streams.
//!
//! Pure data structures: no locks, no clocks, no replies. Each converts from its packed encoding past the
//! [`Limits`] it is handed and names its encoding as the reference does.

pub mod block;
pub mod field_expiry;
pub mod hash;
pub mod intset;
pub mod list;
pub mod listpack;
pub mod members;
pub mod sample;
pub mod set;
pub mod set_algebra;
pub mod sorted_set;
pub mod stream;
pub mod table;

/// When small collections stop being packed, and how large parts of large ones become: the reference's
/// `*-max-listpack-*`, `set-max-intset-entries` and `stream-node-max-*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `hash-max-listpack-entries`: fields.
    pub hash_entries_max: usize,
    /// `hash-max-listpack-value`: bytes of a field or value.
    pub hash_value_bytes_max: usize,
    /// `list-max-listpack-size`: elements of a list node if positive; -1 to -5: 4, 8, 16, 32, 64 KiB.
    pub list_node_max: i64,
    /// `set-max-intset-entries`: members.
    pub intset_entries_max: usize,
    /// `set-max-listpack-entries`: members.
    pub set_entries_max: usize,
    /// `set-max-listpack-value`: bytes of a member.
    pub set_value_bytes_max: usize,
    /// `zset-max-listpack-entries`: members.
    pub sorted_set_entries_max: usize,
    /// `zset-max-listpack-value`: bytes of a member.
    pub sorted_set_value_bytes_max: usize,
    /// `stream-node-max-bytes`: bytes of entries packed together; 0: no bound.
    pub stream_node_bytes_max: usize,
    /// `stream-node-max-entries`: entries packed together; 0: no bound.
    pub stream_node_entries_max: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            hash_entries_max: 512,
            hash_value_bytes_max: 64,
            list_node_max: -2,
            intset_entries_max: 512,
            set_entries_max: 128,
            set_value_bytes_max: 64,
            sorted_set_entries_max: 128,
            sorted_set_value_bytes_max: 64,
            stream_node_bytes_max: 4096,
            stream_node_entries_max: 100,
        }
    }
}
