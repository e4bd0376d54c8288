//! What a row of the command table says about a command: its shape, its flags, where its keys are, how a
//! proxy sends it and merges its replies, what `COMMAND DOCS` tells of it, and which function runs it.
//!
//! Column names and values are the reference's own (`COMMAND INFO`, `COMMAND DOCS`, command tips), so that a
//! row can be compared with what `redis-server` answers. Rows are constants; [`super::table`] checks and
//! indexes them once at start-up.

use super::{Args, Ctx, Outcome};

/// Runs a data command: reads its arguments, works on the keys through `ctx.tx`, writes one reply.
///
/// When it returns an error, what it had written of a reply is dropped and the error is the reply.
pub type Handler = fn(&mut Ctx<'_>, Args<'_>) -> Outcome;

/// Who runs a command.
#[derive(Clone, Copy)]
pub enum Run {
    /// A function of the keyspace and the arguments: any thread runs it under the locks of its slots.
    Data(Handler),
    /// Needs the connection or the process (CLIENT, CONFIG, INFO …): node and proxy each have their own.
    Session,
    /// Known to the table (so that COMMAND, GETKEYS and routing are right) but not served yet.
    Unserved,
}

/// One row of the command table, or of a container command's subcommands.
pub struct Spec {
    /// Lower-case name; for a subcommand its own word only (`"list"` of CLIENT LIST).
    pub name: &'static str,
    /// Number of arguments with the name; negative: at least that many. A subcommand counts its container too.
    pub arity: i16,
    /// Space-separated flags as in `COMMAND INFO`: `"write denyoom fast"`.
    pub flags: &'static str,
    /// Space-separated ACL categories as in `COMMAND INFO`: `"@write @string @fast"`.
    pub acl: &'static str,
    /// Command tips, `request_policy:` and `response_policy:` among them.
    pub tips: &'static [&'static str],
    /// Where the keys are.
    pub keys: &'static [KeySpec],
    /// Its own search for keys, where `keys` cannot say it all.
    pub own_keys: Option<OwnKeys>,
    /// One line of what it does.
    pub summary: &'static str,
    /// Version of the reference that brought it.
    pub since: &'static str,
    /// Group of commands it is documented in: `"string"`, `"sorted-set"`, …
    pub group: &'static str,
    /// Cost, as documented.
    pub complexity: &'static str,
    /// `(version, change)` pairs.
    pub history: &'static [(&'static str, &'static str)],
    /// `(doc flags, deprecated since, replaced by)`; doc flags are space-separated.
    pub deprecated: Option<(&'static str, &'static str, &'static str)>,
    /// The arguments in the notation of [`super::docs`].
    pub args: &'static str,
    /// Rows of a container's subcommands.
    pub subcommands: &'static [Spec],
    /// Which keys it touches besides those it names in the selected database.
    pub reach: Reach,
    /// The first argument that names a member or field of what the key holds; 0: none does. A batch's are looked up
    /// together. It may be wrong for a request with options: only time is lost then.
    pub first_member: u8,
    /// Who runs it.
    pub run: Run,
}

/// Which keys a command touches: what is locked before it runs.
#[derive(Clone, Copy)]
pub enum Reach {
    /// The keys it names, in the selected database.
    Keys,
    /// The same keys in another database too: the function reads its number from the arguments.
    KeysInDatabases(fn(Args<'_>) -> Option<usize>),
    /// When the function says so, any key: they are known only while it runs (SORT BY). The whole database is
    /// locked; in a cluster the command must stay inside its slot.
    Undeclared(fn(Args<'_>) -> bool),
}

impl Spec {
    /// Defaults for `..Spec::BLANK`.
    pub const BLANK: Spec = Spec {
        name: "",
        arity: 0,
        flags: "",
        acl: "",
        tips: &[],
        keys: &[],
        own_keys: None,
        summary: "",
        since: "",
        group: "",
        complexity: "",
        history: &[],
        deprecated: None,
        args: "",
        subcommands: &[],
        reach: Reach::Keys,
        first_member: 0,
        run: Run::Unserved,
    };
}

/// Searches for keys that key specifications cannot express; [`super::keys`] has the functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnKeys {
    /// SET: one key, read as well when an option asks for or about the old value.
    Set,
    /// BITFIELD: one key, only read when nothing but GET is among the operations.
    Bitfield,
    /// SORT: the key and the one behind the last STORE.
    Sort,
    /// SORT_RO: the key.
    SortRo,
    /// MIGRATE: the third argument or all behind KEYS.
    Migrate,
    /// GEORADIUS and GEORADIUSBYMEMBER: the key and the one behind the last STORE or STOREDIST.
    GeoRadius,
    /// XREAD and XREADGROUP: the first half of what stands behind STREAMS.
    Streams,
}

/// Where one run of keys stands among the arguments, and what the command does with them.
#[derive(Clone, Copy, Debug)]
pub struct KeySpec {
    /// Space-separated flags as in `COMMAND INFO`: `"RW access update"`.
    pub flags: &'static str,
    /// Free text of the reference, mostly empty.
    pub notes: &'static str,
    /// Where the run begins.
    pub begin: Begin,
    /// How far it reaches.
    pub find: Find,
}

/// The first argument of a run of keys.
#[derive(Clone, Copy, Debug)]
pub enum Begin {
    /// At this argument (the command's name is argument 0).
    Index(i16),
    /// Behind this word, searched from argument `start`; negative `start`: backwards from the end.
    Keyword(&'static str, i16),
    /// Only the command itself knows.
    Unknown,
}

/// The extent of a run of keys, relative to its beginning.
#[derive(Clone, Copy, Debug)]
pub enum Find {
    /// Up to `last` (relative to the beginning; negative: from the end of the arguments), every `step`-th;
    /// with `last == -1` and `limit > 1` only the first `1/limit` of what is left.
    Range {
        /// Relative to the beginning, or negative from the end of the arguments.
        last: i16,
        /// Distance between two keys.
        step: i16,
        /// Share of the arguments that are keys; 0 and 1: all.
        limit: i16,
    },
    /// A count stands at `count` (relative to the beginning), the first key at `first`, every `step`-th is one.
    KeyNum {
        /// Where the number of keys stands.
        count: i16,
        /// Where the first key stands.
        first: i16,
        /// Distance between two keys.
        step: i16,
    },
    /// Only the command itself knows.
    Unknown,
}

impl KeySpec {
    /// A run that begins at an index: `last`, `step` as in [`Find::Range`].
    pub const fn range(flags: &'static str, first: i16, last: i16, step: i16) -> KeySpec {
        KeySpec { flags, notes: "", begin: Begin::Index(first), find: Find::Range { last, step, limit: 0 } }
    }

    /// A run with its count in front, the count at argument `index`.
    pub const fn counted(flags: &'static str, index: i16) -> KeySpec {
        KeySpec { flags, notes: "", begin: Begin::Index(index), find: Find::KeyNum { count: 0, first: 1, step: 1 } }
    }

    /// The same with a note.
    pub const fn noted(self, notes: &'static str) -> KeySpec {
        KeySpec { notes, ..self }
    }

    /// A run behind a word searched from argument `start`: `last`, `limit` as in [`Find::Range`].
    pub const fn behind(flags: &'static str, word: &'static str, start: i16, last: i16, limit: i16) -> KeySpec {
        KeySpec { flags, notes: "", begin: Begin::Keyword(word, start), find: Find::Range { last, step: 1, limit } }
    }

    /// A run with its count at argument `index` and the keys behind it, `step` apart, from argument `first` on.
    pub const fn counted_from(flags: &'static str, index: i16, first: i16, step: i16) -> KeySpec {
        let find = Find::KeyNum { count: 0, first: first - index, step };
        KeySpec { flags, notes: "", begin: Begin::Index(index), find }
    }

    /// A run only the command itself can find.
    pub const fn unknown(flags: &'static str) -> KeySpec {
        KeySpec { flags, notes: "", begin: Begin::Unknown, find: Find::Unknown }
    }
}
