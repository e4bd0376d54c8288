//! What a data command works with.

use crate::resp::Reply;
use crate::store::value::Limits;
use crate::store::{AccessPolicy, Tx};

/// Settings that data commands heed; a copy per thread is refreshed when CONFIG SET changes one.
#[derive(Clone, Debug)]
pub struct DataConfig {
    /// When collections stop being packed.
    pub limits: Limits,
    /// `proto-max-bulk-len`: longest string, in bytes.
    pub proto_max_bulk_bytes: u64,
    /// `hll-sparse-max-bytes`: a HyperLogLog's string becomes dense rather than longer than this.
    pub hll_sparse_bytes_max: u64,
    /// The node is part of a cluster: commands that reach undeclared keys are refused.
    pub cluster_enabled: bool,
    /// How accesses are remembered: OBJECT FREQ answers or OBJECT IDLETIME does.
    pub access: AccessPolicy,
    /// Small integers would be shared by the reference: not while their accesses matter to eviction.
    pub shared_integers: bool,
    /// `rdbcompression`: long strings are compressed in what DUMP answers.
    pub rdb_compression: bool,
}

impl Default for DataConfig {
    fn default() -> DataConfig {
        DataConfig {
            limits: Limits::default(),
            proto_max_bulk_bytes: 512 * 1024 * 1024,
            hll_sparse_bytes_max: 3000,
            cluster_enabled: false,
            access: AccessPolicy::default(),
            shared_integers: true,
            rdb_compression: true,
        }
    }
}

/// One command's surroundings.
pub struct Ctx<'a> {
    /// The locked slots of its keys.
    pub tx: Tx<'a>,
    /// Where its reply goes.
    pub reply: Reply<'a>,
    /// The settings.
    pub config: &'a DataConfig,
}
