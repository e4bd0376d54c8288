//! The command table: all rows, parsed and indexed once, and the lookup of a name.
//!
//! A lookup allocates nothing, ignores case, and costs one hash of at most 8 bytes, usually one probe, and a
//! comparison of the whole name. The table is a constant of the binary: the same on every node and proxy.

use std::sync::LazyLock;

use super::spec::{Begin, Find, Handler, KeySpec, Reach, Run, Spec};
use super::words::{Categories, Flags, KeyFlags, RequestPolicy, ResponsePolicy};
use super::{
    bitmap, cluster, connection, generic, geo, hash, hyperloglog, list, pubsub, scripting, server, set, sorted_set,
    stream, string, transactions,
};

/// The rows, family by family and file by file.
pub const FAMILIES: &[&[&[Spec]]] = &[
    string::FAMILY,
    bitmap::FAMILY,
    hash::FAMILY,
    list::FAMILY,
    set::FAMILY,
    sorted_set::FAMILY,
    stream::FAMILY,
    geo::FAMILY,
    &[hyperloglog::COMMANDS],
    generic::FAMILY,
    &[pubsub::COMMANDS],
    &[transactions::COMMANDS],
    scripting::FAMILY,
    connection::FAMILY,
    server::FAMILY,
    &[cluster::COMMANDS],
];

/// A row with its words parsed, and what follows from them.
pub struct Command {
    /// The row.
    pub spec: &'static Spec,
    /// Whole name: `"get"`, `"client|list"`.
    pub name: Box<str>,
    /// Position among all commands and subcommands ([`Table::len`]), for arrays of counters.
    pub id: u16,
    /// Parsed [`Spec::flags`].
    pub flags: Flags,
    /// Parsed [`Spec::acl`].
    pub categories: Categories,
    /// Parsed from [`Spec::tips`].
    pub request_policy: Option<RequestPolicy>,
    /// Parsed from [`Spec::tips`].
    pub response_policy: Option<ResponsePolicy>,
    /// [`Spec::keys`] with their flags parsed.
    pub keys: Box<[ParsedKeySpec]>,
    /// The only keys are one run from this argument on: no search is needed for the first of them.
    pub simple_first_key: Option<u8>,
    /// It takes about as long whatever it works on, and not long: it is marked fast, or its complexity is constant.
    pub quick: bool,
    /// The position of its only key, when it never has another and works on nothing else.
    pub single_key: Option<u8>,
    /// Its function, when all that it works on is its one key.
    pub in_slot: Option<Handler>,
    /// Where all its keys are, when that takes no search and no look at the arguments but their number.
    pub plain_keys: Option<PlainKeys>,
    /// First key, last key, step: fields 4 to 6 of COMMAND INFO.
    pub legacy_range: (i16, i16, i16),
    /// Subcommands of a container, in the order of the rows.
    pub subcommands: Box<[Command]>,
}

/// A [`KeySpec`] with its flags parsed.
pub struct ParsedKeySpec {
    /// As written in the row.
    pub spec: KeySpec,
    /// Parsed [`KeySpec::flags`].
    pub flags: KeyFlags,
}

/// Keys at every argument, or every second, of one run that is the same for every request of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlainKeys {
    first: u8,
    /// As in [`Find::Range`].
    last: i16,
    /// Binary logarithm of the distance between two keys.
    shift: u8,
}

impl PlainKeys {
    fn new(spec: &Spec, keys: &[ParsedKeySpec]) -> Option<PlainKeys> {
        let [ParsedKeySpec { spec: KeySpec { begin: Begin::Index(first), find, .. }, flags }] = keys else {
            return None;
        };
        let Find::Range { last, step: step @ 1..=2, limit: 0 | 1 } = *find else { return None };
        let searched = flags.has_any(KeyFlags::NOT_KEY.with(KeyFlags::INCOMPLETE).with(KeyFlags::VARIABLE));
        if searched || spec.own_keys.is_some() {
            return None;
        }
        Some(PlainKeys { first: u8::try_from(*first).ok()?, last, shift: step as u8 - 1 })
    }

    /// The keys of a request of `arg_count` arguments with the name. `None` when these are too few: it is refused.
    #[inline]
    pub fn of(self, arg_count: usize) -> Option<KeyRun> {
        let first = usize::from(self.first);
        let last = match usize::try_from(self.last) {
            Ok(last) => first + last,
            Err(_) => arg_count.checked_sub(usize::from(self.last.unsigned_abs()))?,
        };
        (first <= last && last < arg_count).then(|| KeyRun {
            first: self.first.into(),
            shift: self.shift.into(),
            count: ((last - first) >> self.shift) as u32 + 1,
        })
    }
}

/// Evenly spaced arguments of one request that are keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyRun {
    /// Position of the first.
    pub first: u32,
    /// Binary logarithm of the distance between two.
    pub shift: u32,
    /// Number of keys.
    pub count: u32,
}

impl KeyRun {
    /// Positions of the keys.
    #[inline]
    pub fn positions(self) -> impl ExactSizeIterator<Item = usize> + Clone {
        (0..self.count).map(move |n| (self.first + (n << self.shift)) as usize)
    }

    /// Which key the argument at `index` is.
    #[inline(always)]
    pub fn number_of(self, index: usize) -> Option<usize> {
        let distance = index.checked_sub(self.first as usize)?;
        let number = distance >> self.shift;
        (number << self.shift == distance && number < self.count as usize).then_some(number)
    }
}

impl Command {
    fn new(spec: &'static Spec, container: Option<&str>, next_id: &mut u16) -> Command {
        let name = match container {
            Some(container) => format!("{container}|{}", spec.name).into_boxed_str(),
            None => Box::from(spec.name),
        };
        let id = *next_id;
        *next_id += 1;
        let keys: Box<[ParsedKeySpec]> = spec
            .keys
            .iter()
            .map(|key| ParsedKeySpec { spec: *key, flags: KeyFlags::parse(key.flags).unwrap_or_default() })
            .collect();
        let (simple_first_key, legacy_range) = (simple_first_key(&keys), legacy_range(spec.keys));
        let flags = Flags::parse(spec.flags).unwrap_or_default();
        let single = matches!(spec.reach, Reach::Keys) && legacy_range.0 == legacy_range.1;
        let single_key = simple_first_key.filter(|_| single);
        Command {
            spec,
            id,
            flags,
            in_slot: match spec.run {
                Run::Data(handler) => single_key.map(|_| handler),
                Run::Session | Run::Unserved => None,
            },
            quick: flags.has(Flags::FAST) || spec.complexity == "O(1)",
            categories: Categories::parse(spec.acl).unwrap_or_default(),
            request_policy: RequestPolicy::among(spec.tips),
            response_policy: ResponsePolicy::among(spec.tips),
            simple_first_key,
            single_key,
            plain_keys: PlainKeys::new(spec, &keys),
            legacy_range,
            keys,
            subcommands: spec.subcommands.iter().map(|sub| Command::new(sub, Some(&name), next_id)).collect(),
            name,
        }
    }

    /// Is it a container of subcommands?
    #[inline]
    pub fn is_container(&self) -> bool {
        !self.subcommands.is_empty()
    }

    /// Does the number of arguments (with the name) fit its arity?
    #[inline]
    pub fn takes(&self, arg_count: usize) -> bool {
        let arity = self.spec.arity;
        if arity >= 0 { arg_count == arity as usize } else { arg_count >= arity.unsigned_abs() as usize }
    }

    /// The keys of a request that can be told ahead of running it, without a search: all, or the first, or none.
    #[inline]
    pub fn keys_ahead(&self, arg_count: usize) -> KeyRun {
        if let Some(key) = self.single_key.filter(|key| usize::from(*key) < arg_count) {
            return KeyRun { first: key.into(), shift: 0, count: 1 };
        }
        if let Some(run) = self.plain_keys.and_then(|keys| keys.of(arg_count)) {
            return run;
        }
        match self.simple_first_key {
            Some(first) if usize::from(first) < arg_count => KeyRun { first: first.into(), shift: 0, count: 1 },
            _ => KeyRun::default(),
        }
    }

    /// Can its arguments hold keys (channels do not count)?
    pub fn has_keys(&self) -> bool {
        self.spec.own_keys.is_some() || self.keys.iter().any(|key| !key.flags.has(KeyFlags::NOT_KEY))
    }

    /// The subcommand of this name. O(subcommands).
    pub fn subcommand(&self, name: &[u8]) -> Option<&Command> {
        self.subcommands.iter().find(|sub| sub.spec.name.as_bytes().eq_ignore_ascii_case(name))
    }

    /// Who runs it.
    #[inline]
    pub fn run(&self) -> Run {
        self.spec.run
    }
}

fn simple_first_key(keys: &[ParsedKeySpec]) -> Option<u8> {
    match keys {
        [ParsedKeySpec { spec: KeySpec { begin: Begin::Index(first), find: Find::Range { .. }, .. }, flags }]
            if !flags.has_any(KeyFlags::NOT_KEY.with(KeyFlags::INCOMPLETE)) =>
        {
            u8::try_from(*first).ok()
        }
        _ => None,
    }
}

/// What the reference tells old clients about the keys: the run of a single range, or neighbouring single-step
/// ranges joined; what lies outside makes the command `movablekeys`.
fn legacy_range(keys: &[KeySpec]) -> (i16, i16, i16) {
    let absolute = |first: i16, last: i16| if last >= 0 { first + last } else { last };
    if let [KeySpec { begin: Begin::Index(first), find: Find::Range { last, step, .. }, .. }] = keys {
        return (*first, absolute(*first, *last), *step);
    }
    let mut joined: Option<(i16, i16)> = None;
    for key in keys {
        let (Begin::Index(first), Find::Range { last, step: 1, .. }) = (key.begin, key.find) else { continue };
        let last = absolute(first, last);
        joined = match joined {
            None => Some((first, last)),
            Some((start, end)) if end == first - 1 => Some((start, last)),
            other => other,
        };
    }
    joined.map_or((0, 0, 0), |(first, last)| (first, last, 1))
}

/// Places of the lookup table: a power of two, four times the commands, so that a probe run stays short.
const PLACES: usize = 1024;
/// Multiplier of the hash (2^64 divided by the golden ratio).
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
/// An empty place.
const EMPTY: u16 = u16::MAX;

/// All commands.
pub struct Table {
    commands: Box<[Command]>,
    len: usize,
    places: Box<[(u64, u16); PLACES]>,
}

/// First and last bytes and the length of a name, with the case bit set: equal for names that differ in case
/// only. Other names may share it, so the whole name is compared as well.
#[inline]
fn fold(name: &[u8]) -> u64 {
    let word = match name.len() {
        8.. => {
            let (head, tail) = (&name[..8], &name[name.len() - 8..]);
            let head = u64::from_le_bytes(head.try_into().expect("8 bytes"));
            let tail = u64::from_le_bytes(tail.try_into().expect("8 bytes"));
            (head | CASE) ^ (tail | CASE).rotate_left(name.len() as u32)
        }
        4..8 => {
            let (head, tail) = (&name[..4], &name[name.len() - 4..]);
            let head = u32::from_le_bytes(head.try_into().expect("4 bytes"));
            let tail = u32::from_le_bytes(tail.try_into().expect("4 bytes"));
            (u64::from(head) | u64::from(tail) << 32) | CASE
        }
        0 => 0,
        len => {
            let (first, middle, last) = (name[0], name[len / 2], name[len - 1]);
            (u64::from(first) | u64::from(middle) << 8 | u64::from(last) << 16) | CASE
        }
    };
    word ^ (name.len() as u64) << 56
}

/// The bit that tells upper from lower case, in each of 8 bytes.
const CASE: u64 = 0x2020_2020_2020_2020;

#[inline]
fn place_of(folded: u64) -> usize {
    (folded.wrapping_mul(SPREAD) >> (64 - PLACES.trailing_zeros())) as usize
}

impl Table {
    fn new() -> Table {
        let mut next_id = 0;
        let rows = FAMILIES.iter().copied().flatten().copied().flatten();
        let commands: Box<[Command]> = rows.map(|spec| Command::new(spec, None, &mut next_id)).collect();
        let mut places = Box::new([(0, EMPTY); PLACES]);
        assert!(commands.len() < PLACES / 2, "the lookup table needs empty places");
        for (index, command) in commands.iter().enumerate() {
            let folded = fold(command.name.as_bytes());
            let mut place = place_of(folded);
            while places[place].1 != EMPTY {
                place = (place + 1) % PLACES;
            }
            places[place] = (folded, index as u16);
        }
        Table { commands, len: usize::from(next_id), places }
    }

    /// The table of this binary.
    #[inline]
    pub fn get() -> &'static Table {
        static TABLE: LazyLock<Table> = LazyLock::new(Table::new);
        &TABLE
    }

    /// The command of this name, a container itself for a container's name. Ignores case, allocates nothing.
    #[inline]
    pub fn command(&self, name: &[u8]) -> Option<&Command> {
        let folded = fold(name);
        let mut place = place_of(folded);
        loop {
            let (known, index) = self.places[place];
            if index == EMPTY {
                return None;
            }
            if known == folded {
                let command = &self.commands[usize::from(index)];
                if command.name.as_bytes().eq_ignore_ascii_case(name) {
                    return Some(command);
                }
            }
            place = (place + 1) % PLACES;
        }
    }

    /// What a request whose first arguments are these runs: the subcommand when `name` is a container and
    /// there is a second argument, else the command. `None`: unknown command, or unknown subcommand of a
    /// known container ([`Table::command`] tells which).
    #[inline]
    pub fn lookup(&self, name: &[u8], sub: Option<&[u8]>) -> Option<&Command> {
        let command = self.command(name)?;
        match sub {
            Some(sub) if command.is_container() => command.subcommand(sub),
            _ => Some(command),
        }
    }

    /// The command of a whole name as COMMAND INFO takes it: `get`, `client|list`.
    pub fn by_full_name(&self, name: &[u8]) -> Option<&Command> {
        match memchr::memchr(b'|', name) {
            None => self.command(name),
            Some(bar) => self.command(&name[..bar])?.subcommand(&name[bar + 1..]),
        }
    }

    /// The top-level commands in the order of the rows: the same order for the life of the process.
    pub fn commands(&self) -> &[Command] {
        &self.commands
    }

    /// All commands, each container followed by its subcommands: in the order of [`Command::id`].
    pub fn all(&self) -> impl Iterator<Item = &Command> {
        self.commands.iter().flat_map(|command| std::iter::once(command).chain(command.subcommands.iter()))
    }

    /// Number of commands and subcommands.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Never: a table has commands.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// The function of the data command whose name and first argument these are, `None` for any other.
pub fn data_handler(name: &[u8], sub: Option<&[u8]>) -> Option<Handler> {
    match Table::get().lookup(name, sub)?.run() {
        Run::Data(handler) => Some(handler),
        Run::Session | Run::Unserved => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_word_of_every_row_is_known() {
        for command in Table::get().all() {
            let name = &command.name;
            assert_eq!(Flags::parse(command.spec.flags).err(), None, "{name}");
            assert_eq!(Categories::parse(command.spec.acl).err(), None, "{name}");
            for key in command.spec.keys {
                assert_eq!(KeyFlags::parse(key.flags).err(), None, "{name}");
            }
            for tip in command.spec.tips {
                let known = tip.starts_with("nondeterministic_output")
                    || RequestPolicy::among(&[tip]).is_some()
                    || ResponsePolicy::among(&[tip]).is_some();
                assert!(known, "{name}: {tip}");
            }
        }
    }

    #[test]
    fn every_row_is_complete_and_lower_case() {
        let mut names = HashSet::new();
        for command in Table::get().all() {
            let spec = command.spec;
            assert!(names.insert(&command.name), "{} is there twice", command.name);
            assert!(!spec.name.is_empty() && !spec.name.bytes().any(|b| b.is_ascii_uppercase() || b == b'|'));
            assert!(spec.arity != 0 && !spec.summary.is_empty(), "{}", command.name);
            assert!(!spec.since.is_empty() && !spec.group.is_empty(), "{}", command.name);
            assert!(command.categories != Categories::NONE, "{}", command.name);
        }
    }

    #[test]
    fn ids_are_dense_and_in_order() {
        let table = Table::get();
        assert!(table.all().enumerate().all(|(index, command)| usize::from(command.id) == index));
        assert_eq!(table.all().count(), table.len());
    }

    #[test]
    fn every_command_is_found_by_its_name_in_any_case() {
        let table = Table::get();
        for command in table.commands() {
            let upper = command.name.to_ascii_uppercase();
            assert_eq!(table.command(command.name.as_bytes()).map(|c| c.id), Some(command.id));
            assert_eq!(table.command(upper.as_bytes()).map(|c| c.id), Some(command.id));
            for sub in &command.subcommands {
                let word = sub.spec.name.to_ascii_uppercase();
                assert_eq!(table.lookup(upper.as_bytes(), Some(word.as_bytes())).map(|c| c.id), Some(sub.id));
                assert_eq!(table.by_full_name(sub.name.to_uppercase().as_bytes()).map(|c| c.id), Some(sub.id));
            }
        }
    }

    #[test]
    fn what_is_no_command_is_not_found() {
        let table = Table::get();
        // The last ones fold to the same word as GET, or share the bytes that are folded.
        for name in ["", "g", "ge", "gets", "client|list", "get\0", "g%t", "\0", "GE\u{14}", "zrangeXXstore"] {
            assert!(table.command(name.as_bytes()).is_none(), "{name:?}");
        }
        assert!(table.command(&[b'x'; 5000]).is_none());
        assert!(table.lookup(b"client", Some(b"nothing")).is_none());
        assert!(table.by_full_name(b"get|x").is_none());
    }

    #[test]
    fn a_second_argument_matters_to_containers_only() {
        let table = Table::get();
        assert_eq!(&*table.lookup(b"GET", Some(b"list")).unwrap().name, "get");
        assert_eq!(&*table.lookup(b"CLIENT", None).unwrap().name, "client");
        assert_eq!(&*table.lookup(b"CLIENT", Some(b"LIST")).unwrap().name, "client|list");
    }

    #[test]
    fn the_first_key_is_known_in_advance_where_one_run_has_it() {
        let first = |name: &str| Table::get().by_full_name(name.as_bytes()).unwrap().simple_first_key;
        assert_eq!(first("get"), Some(1));
        assert_eq!(first("mset"), Some(1));
        assert_eq!(first("object|encoding"), Some(2));
        for name in ["bitop", "sort", "eval", "xread", "ping", "migrate", "spublish", "zunionstore"] {
            assert_eq!(first(name), None, "{name}");
        }
    }

    #[test]
    fn arity_is_exact_or_a_minimum() {
        let takes = |name: &str, count| Table::get().command(name.as_bytes()).unwrap().takes(count);
        assert!(takes("get", 2) && !takes("get", 3) && !takes("get", 1));
        assert!(takes("mget", 2) && takes("mget", 300) && !takes("mget", 1));
    }

    #[test]
    fn probe_runs_stay_short() {
        let table = Table::get();
        for command in table.commands() {
            let folded = fold(command.name.as_bytes());
            let mut place = place_of(folded);
            let mut steps = 0;
            while table.places[place].1 != command_index(table, command) {
                place = (place + 1) % PLACES;
                steps += 1;
            }
            assert!(steps < 8, "{} is {steps} places from its own", command.name);
        }
    }

    fn command_index(table: &Table, command: &Command) -> u16 {
        table.commands().iter().position(|other| other.id == command.id).unwrap() as u16
    }
}
