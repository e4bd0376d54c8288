//! What a data command works with.

use super::{Outcome, OwnedArgs};
use crate::resp::Reply;
use crate::store::value::Limits;
use crate::store::{AccessPolicy, Key, Kind, Tx};

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

/// What a command knows that may wait for a key, and what it asked for.
#[derive(Default)]
pub struct Waiting {
    /// Who runs it.
    pub mode: WaitMode,
    /// What it asked to wait for: nothing was written then.
    pub asked: Option<Wait>,
}

/// Who runs a command, as far as waiting goes.
#[derive(Clone, Default)]
pub enum WaitMode {
    /// A client that will wait if it must.
    #[default]
    May,
    /// It waited, and this key has changed: it takes from no other.
    Woken(Box<[u8]>),
}

/// What a command waits for.
pub struct Wait {
    /// Arguments that are the keys.
    pub keys: Vec<usize>,
    /// What must be there.
    pub kind: Kind,
    /// How long, ms; `None`: until it comes.
    pub timeout_ms: Option<u64>,
    /// What is answered when the time is over.
    pub nothing: Nothing,
    /// The arguments to be run with later, where they are not those of the request.
    pub args: Option<OwnedArgs>,
}

/// The answer of a command that waited in vain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nothing {
    /// The null.
    Null,
    /// The null where an array was due.
    NullArray,
}

impl Nothing {
    /// Writes it.
    pub fn write(self, reply: &mut Reply<'_>) {
        match self {
            Nothing::Null => reply.null(),
            Nothing::NullArray => reply.null_array(),
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
    /// `None`: it cannot wait, as nobody who runs in a transaction can.
    pub waiting: Option<Box<Waiting>>,
}

impl<'a> Ctx<'a> {
    /// The surroundings of a command that cannot wait.
    #[inline]
    pub fn new(tx: Tx<'a>, reply: Reply<'a>, config: &'a DataConfig) -> Ctx<'a> {
        Ctx { tx, reply, config, waiting: None }
    }

    /// Ends a command that found nothing: it waits, or answers that there is nothing.
    pub fn wait(&mut self, wait: Wait) -> Outcome {
        match &mut self.waiting {
            None => wait.nothing.write(&mut self.reply),
            Some(waiting) => waiting.asked = Some(wait),
        }
        Ok(())
    }

    /// May the command take from this key? Not when it was woken for another.
    pub fn takes_from(&self, key: Key<'_>) -> bool {
        match self.waiting.as_deref() {
            Some(Waiting { mode: WaitMode::Woken(ready), .. }) => **ready == *key.bytes(),
            _ => true,
        }
    }
}
