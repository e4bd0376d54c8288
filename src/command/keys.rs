//! Which arguments of a request are keys, and what the command does with them.
//!
//! Three ways, as in the reference: the key specifications of the row; where those fail on the arguments at
//! hand, a lenient reading of the key count; and for a few commands a search of their own ([`OwnKeys`]).
//! The answers are those of `COMMAND GETKEYS` and `COMMAND GETKEYSANDFLAGS`. What is locked and routed is found by a
//! command's own search where it has one, as in the reference: specifications look for a word wherever it stands, and
//! may take the name of a group for STREAMS, where the command itself does not. Nothing is allocated: whatever
//! the command, its keys are at most [`RUNS_MAX`] runs of evenly spaced arguments. Every search is O(arguments)
//! and every position is below their number.
//!
//! Source: "Command key specifications" of the command reference, and the answers of `redis-server` 7.0.15.

use super::spec::{Begin, Find, KeySpec, OwnKeys};
use super::table::{Command, Table};
use super::words::KeyFlags;

/// Most runs of keys any command has.
pub const RUNS_MAX: usize = 4;

/// Evenly spaced arguments that are keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Position of the first.
    pub first: u32,
    /// Number of keys.
    pub count: u32,
    /// Distance between two.
    pub step: u32,
    /// What the command does with them.
    pub flags: KeyFlags,
}

/// The keys of one request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Keys {
    runs: [Option<Run>; RUNS_MAX],
}

/// Why a command line has no keys to tell; `Display` is the reference's error line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    /// No such command or subcommand.
    #[error("ERR Invalid command specified")]
    UnknownCommand,
    /// It never has keys.
    #[error("ERR The command has no key arguments")]
    NoKeys,
    /// Its arity does not allow so many arguments.
    #[error("ERR Invalid number of arguments specified for command")]
    WrongArity,
    /// Its keys cannot be told from these arguments.
    #[error("ERR Invalid arguments specified for command")]
    Invalid,
}

impl Keys {
    /// The runs, in the order the reference lists them.
    #[inline]
    pub fn runs(&self) -> impl Iterator<Item = Run> + Clone {
        self.runs.into_iter().map_while(|run| run)
    }

    /// Position and use of every key.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = (usize, KeyFlags)> + Clone {
        self.runs().flat_map(|run| (0..run.count).map(move |n| ((run.first + n * run.step) as usize, run.flags)))
    }

    /// Number of keys.
    pub fn len(&self) -> usize {
        self.runs().map(|run| run.count as usize).sum()
    }

    /// No key at all?
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.runs[0].is_none()
    }

    /// Position of the first key.
    #[inline]
    pub fn first(&self) -> Option<usize> {
        self.runs[0].map(|run| run.first as usize)
    }

    /// Adds `count` keys, of which there must be room for one more run; none is not a run.
    fn push(&mut self, first: usize, count: usize, step: usize, flags: KeyFlags) {
        if count == 0 {
            return;
        }
        if let Some(free) = self.runs.iter_mut().find(|run| run.is_none()) {
            *free = Some(Run { first: first as u32, count: count as u32, step: step as u32, flags });
        }
    }

    fn one(position: usize, flags: KeyFlags) -> Keys {
        let mut keys = Keys::default();
        keys.push(position, 1, 1, flags);
        keys
    }
}

/// The keys that running a request of `command` touches: `arg_count` arguments with the name, read through `at`.
///
/// `at` is called with positions below `arg_count` only. No keys: the command has none, or the arguments are
/// such that running it would answer with an error. The arity should have been checked before.
#[inline]
pub fn keys_of<'a>(command: &Command, arg_count: usize, at: impl Fn(usize) -> &'a [u8]) -> Keys {
    find_to_run(command, Argv { len: arg_count, at: &at }, false)
}

/// As [`keys_of`], with the shard channels too: everything that decides a request's slot.
#[inline]
pub fn routed_of<'a>(command: &Command, arg_count: usize, at: impl Fn(usize) -> &'a [u8]) -> Keys {
    find_to_run(command, Argv { len: arg_count, at: &at }, true)
}

/// What COMMAND GETKEYS answers for this command line, its name included.
pub fn ask<'a>(arg_count: usize, at: impl Fn(usize) -> &'a [u8]) -> Result<Keys, KeysError> {
    if arg_count == 0 {
        return Err(KeysError::UnknownCommand);
    }
    let sub = if arg_count > 1 { Some(at(1)) } else { None };
    let command = Table::get().lookup(at(0), sub).ok_or(KeysError::UnknownCommand)?;
    if !command.has_keys() {
        return Err(KeysError::NoKeys);
    }
    if !command.takes(arg_count) {
        return Err(KeysError::WrongArity);
    }
    let keys = find(command, Argv { len: arg_count, at: &at }, false);
    if keys.is_empty() && !command.flags.has(super::words::Flags::NO_MANDATORY_KEYS) {
        return Err(KeysError::Invalid);
    }
    Ok(keys)
}

#[derive(Clone, Copy)]
struct Argv<'f, 'a> {
    len: usize,
    at: &'f dyn Fn(usize) -> &'a [u8],
}

impl Argv<'_, '_> {
    fn is(&self, position: usize, word: &str) -> bool {
        (self.at)(position).eq_ignore_ascii_case(word.as_bytes())
    }
}

#[inline]
fn find_to_run(command: &Command, argv: Argv<'_, '_>, channels: bool) -> Keys {
    match command.spec.own_keys {
        Some(own) => by_own(own, argv),
        None => find(command, argv, channels),
    }
}

fn find(command: &Command, argv: Argv<'_, '_>, channels: bool) -> Keys {
    let variable = command.keys.iter().any(|key| key.flags.has(KeyFlags::VARIABLE));
    if !variable && let Some(keys) = by_specs(command, argv, channels) {
        return keys;
    }
    match command.spec.own_keys {
        Some(own) => by_own(own, argv),
        None => by_lenient_count(command, argv),
    }
}

/// `None`: a specification does not fit the arguments, or says itself that it is not complete.
fn by_specs(command: &Command, argv: Argv<'_, '_>, channels: bool) -> Option<Keys> {
    let mut keys = Keys::default();
    for key in &command.keys {
        if key.flags.has(KeyFlags::NOT_KEY) && !channels {
            continue;
        }
        let first = match key.spec.begin {
            Begin::Index(index) => usize::try_from(index).ok()?,
            Begin::Keyword(word, start) => match behind_word(word, start, argv) {
                Some(first) => first,
                // An option that was not used.
                None => continue,
            },
            Begin::Unknown => return None,
        };
        let (first, last, step) = extent(&key.spec, first, argv)?;
        if first > last || last >= argv.len || key.flags.has(KeyFlags::INCOMPLETE) {
            return None;
        }
        keys.push(first, (last - first) / step + 1, step, key.flags);
    }
    Some(keys)
}

/// First, last, step of a specification that begins at `first`; they may lie outside of the arguments.
fn extent(key: &KeySpec, first: usize, argv: Argv<'_, '_>) -> Option<(usize, usize, usize)> {
    match key.find {
        Find::Range { last, step, limit } => {
            let step = usize::try_from(step).ok().filter(|step| *step > 0)?;
            let last = match (usize::try_from(last), limit) {
                (Ok(last), _) => first + last,
                (Err(_), 0 | 1) => argv.len.checked_sub(usize::from(last.unsigned_abs()))?,
                (Err(_), limit) => {
                    let share = argv.len.checked_sub(first)? / usize::try_from(limit).ok()?;
                    (first + share).checked_sub(usize::from(last.unsigned_abs()))?
                }
            };
            Some((first, last, step))
        }
        Find::KeyNum { count, first: offset, step } => {
            let count = first + usize::try_from(count).ok()?;
            let step = usize::try_from(step).ok().filter(|step| *step > 0)?;
            if count >= argv.len {
                return None;
            }
            // More keys than arguments cannot be: no need to read on.
            let count = strict_count((argv.at)(count)).filter(|count| (1..=argv.len).contains(count))?;
            let first = first + usize::try_from(offset).ok()?;
            Some((first, first + (count - 1) * step, step))
        }
        Find::Unknown => None,
    }
}

/// Position behind a word; the search begins at `start`, or `-start` before the end and then runs backwards.
/// The name and the first argument are never looked at backwards, and the last one is no place for a word that
/// keys follow.
fn behind_word(word: &str, start: i16, argv: Argv<'_, '_>) -> Option<usize> {
    let at = match usize::try_from(start) {
        Ok(start) => (start..argv.len.saturating_sub(1)).find(|at| argv.is(*at, word)),
        Err(_) => {
            let start = argv.len.checked_sub(usize::from(start.unsigned_abs()))?;
            (2..=start).rev().find(|at| argv.is(*at, word))
        }
    };
    at.map(|at| at + 1)
}

/// A number of keys written as the reference writes numbers: digits, no sign, no leading zero. Like there, only
/// the low 32 bits of a 64-bit number count.
fn strict_count(text: &[u8]) -> Option<usize> {
    let digits = match text {
        [b'0'] | [b'1'..=b'9', ..] if text.len() <= 19 => std::str::from_utf8(text).ok()?,
        _ => return None,
    };
    usize::try_from(digits.parse::<i64>().ok()? as i32).ok()
}

/// What C's `atoi` reads, where it reads a positive number: spaces, a plus sign, digits, and then anything.
fn lenient_count(text: &[u8]) -> Option<usize> {
    let text = text.trim_ascii_start();
    let digits = text.strip_prefix(b"+").unwrap_or(text);
    let count = digits
        .iter()
        .take_while(|digit| digit.is_ascii_digit())
        .fold(0i64, |sum, digit| sum.saturating_mul(10).saturating_add(i64::from(digit - b'0')));
    // `atoi` keeps the low 32 bits.
    usize::try_from(count as i32).ok()
}

/// The keys of commands with a count where the specification finds none: the count is read leniently. Keys of
/// a fixed place (a destination) come last, and nothing is said about what happens to any of them.
fn by_lenient_count(command: &Command, argv: Argv<'_, '_>) -> Keys {
    let mut keys = Keys::default();
    let mut fixed = None;
    for key in &command.keys {
        match (key.spec.begin, key.spec.find) {
            (Begin::Index(index), Find::KeyNum { count, first, step }) => {
                let (Ok(at), Ok(first)) = (usize::try_from(index + count), usize::try_from(index + first)) else {
                    return Keys::default();
                };
                let step = usize::try_from(step).unwrap_or(1).max(1);
                let room = argv.len.saturating_sub(first) / step;
                let Some(count) = (at < argv.len).then(|| lenient_count((argv.at)(at))).flatten() else {
                    return Keys::default();
                };
                if count < 1 || count > room {
                    return Keys::default();
                }
                keys.push(first, count, step, KeyFlags::NONE);
            }
            (Begin::Index(index), _) => fixed = usize::try_from(index).ok(),
            _ => {}
        }
    }
    if let Some(position) = fixed.filter(|position| !keys.is_empty() && *position < argv.len) {
        keys.push(position, 1, 1, KeyFlags::NONE);
    }
    keys
}

fn by_own(own: OwnKeys, argv: Argv<'_, '_>) -> Keys {
    const READ: KeyFlags = KeyFlags::RO.with(KeyFlags::ACCESS);
    const READ_UPDATE: KeyFlags = KeyFlags::RW.with(KeyFlags::ACCESS).with(KeyFlags::UPDATE);
    const OVERWRITE: KeyFlags = KeyFlags::OW.with(KeyFlags::UPDATE);
    if argv.len < 2 {
        return Keys::default();
    }
    match own {
        OwnKeys::Set => {
            let reads = ["get", "ifeq", "ifne", "ifdeq", "ifdne"];
            let old_value_matters = (3..argv.len).any(|at| reads.iter().any(|word| argv.is(at, word)));
            Keys::one(1, if old_value_matters { READ_UPDATE } else { OVERWRITE })
        }
        OwnKeys::Bitfield => Keys::one(1, if only_reads(argv) { READ } else { READ_UPDATE }),
        OwnKeys::SortRo => Keys::one(1, READ),
        OwnKeys::Sort => {
            let mut keys = Keys::one(1, READ);
            if let Some(target) = sort_target(argv) {
                keys.push(target, 1, 1, OVERWRITE);
            }
            keys
        }
        OwnKeys::Migrate => migrated(argv),
        OwnKeys::GeoRadius => {
            let mut keys = Keys::one(1, KeyFlags::NONE);
            if let Some(target) = geo_target(argv) {
                keys.push(target, 1, 1, KeyFlags::NONE);
            }
            keys
        }
        OwnKeys::Streams => streams(argv),
    }
}

/// Does BITFIELD only GET? In doubt it does not.
fn only_reads(argv: Argv<'_, '_>) -> bool {
    let mut at = 2;
    while at < argv.len {
        let rest = argv.len - at - 1;
        at += match () {
            () if argv.is(at, "get") && rest >= 2 => 3,
            () if argv.is(at, "overflow") && rest >= 1 => 2,
            () => return false,
        };
    }
    true
}

/// Where the last STORE of SORT points. Options' values are no options.
fn sort_target(argv: Argv<'_, '_>) -> Option<usize> {
    let mut target = None;
    let mut at = 2;
    while at < argv.len {
        at += match () {
            () if argv.is(at, "limit") => 3,
            () if argv.is(at, "get") || argv.is(at, "by") => 2,
            () => {
                if argv.is(at, "store") && at + 1 < argv.len {
                    target = Some(at + 1);
                }
                1
            }
        };
    }
    target
}

/// The keys of MIGRATE: a single one, or an empty argument in its place and all behind KEYS.
fn migrated(argv: Argv<'_, '_>) -> Keys {
    let flags = KeyFlags::RW.with(KeyFlags::ACCESS).with(KeyFlags::DELETE);
    if argv.len < 4 {
        return Keys::default();
    }
    let mut at = 6;
    while at < argv.len {
        if argv.is(at, "keys") {
            if !(argv.at)(3).is_empty() {
                return Keys::default();
            }
            let mut keys = Keys::default();
            keys.push(at + 1, argv.len - at - 1, 1, flags);
            return keys;
        }
        at += match () {
            () if argv.is(at, "auth") => 2,
            () if argv.is(at, "auth2") => 3,
            () => 1,
        };
    }
    Keys::one(3, flags)
}

/// Where the last STORE or STOREDIST of a GEORADIUS points.
fn geo_target(argv: Argv<'_, '_>) -> Option<usize> {
    let mut target = None;
    let mut at = 5;
    while at + 1 < argv.len {
        let stores = argv.is(at, "store") || argv.is(at, "storedist");
        if stores {
            target = Some(at + 1);
        }
        at += if stores { 2 } else { 1 };
    }
    target
}

/// The keys of XREAD and XREADGROUP, for a group, consumer or key that is itself called "streams".
fn streams(argv: Argv<'_, '_>) -> Keys {
    let mut keys = Keys::default();
    let mut at = 1;
    while at < argv.len {
        at += match () {
            () if argv.is(at, "block") || argv.is(at, "count") => 2,
            () if argv.is(at, "group") => 3,
            () if argv.is(at, "noack") => 1,
            () if argv.is(at, "streams") => {
                let rest = argv.len - at - 1;
                if rest.is_multiple_of(2) {
                    keys.push(at + 1, rest / 2, 1, KeyFlags::NONE);
                }
                return keys;
            }
            () => return keys,
        };
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys with their flags, or the error.
    fn check(line: &str) -> String {
        let argv: Vec<&[u8]> = line.split(' ').map(|word| if word == "''" { b"" } else { word.as_bytes() }).collect();
        match ask(argv.len(), |at| argv[at]) {
            Err(error) => error.to_string(),
            Ok(keys) => {
                assert!(keys.iter().all(|(at, _)| at < argv.len()));
                assert_eq!(keys.iter().count(), keys.len());
                let one =
                    |(at, flags): (usize, KeyFlags)| format!("{at}:{}", flags.words().collect::<Vec<_>>().join("+"));
                keys.iter().map(one).collect::<Vec<_>>().join(" ")
            }
        }
    }

    #[test]
    fn ranges_counts_and_words_are_followed() {
        assert_eq!(check("get k"), "1:RO+access");
        assert_eq!(check("mset a 1 b 2"), "1:OW+update 3:OW+update");
        assert_eq!(check("bitop and d a b"), "2:OW+update 3:RO+access 4:RO+access");
        assert_eq!(check("zunionstore d 2 a b weights 1 2"), "1:OW+update 3:RO+access 4:RO+access");
        assert_eq!(check("xread count 1 streams a b 0 0"), "4:RO+access 5:RO+access");
        assert_eq!(check("msetex 2 a 1 b 2 ex 10"), "2:OW+update 4:OW+update");
        assert_eq!(check("object encoding k"), "2:RO");
    }

    #[test]
    fn commands_with_their_own_search_are_followed() {
        assert_eq!(check("set k v"), "1:OW+update");
        assert_eq!(check("set k v ifeq x"), "1:RW+access+update");
        assert_eq!(check("bitfield k get u8 0"), "1:RO+access");
        assert_eq!(check("bitfield k get u8 0 set u8 0 1"), "1:RW+access+update");
        assert_eq!(check("sort k by store store d store e"), "1:RO+access 7:OW+update");
        assert_eq!(check("migrate h 1 '' 0 9 auth keys keys a b"), "9:RW+access+delete 10:RW+access+delete");
    }

    #[test]
    fn what_runs_is_found_as_the_command_itself_finds_it() {
        let runs = |line: &str| {
            let argv: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
            let command = Table::get().command(argv[0]).unwrap();
            keys_of(command, argv.len(), |at| argv[at]).iter().map(|(at, _)| at).collect::<Vec<_>>()
        };
        let line = "xreadgroup count 1 group streams c streams a >";
        assert_eq!(check(line), "5:RO+access 6:RO+access");
        assert_eq!(runs(line), [7]);
        assert_eq!(runs("xread streams streams a b 0 0"), []);
        assert_eq!(runs("xreadgroup streams a > group g c"), []);
        assert_eq!(runs("xread count streams 1 a 0"), []);
        let line = "georadius k 0 0 1 m store a storedist b store c";
        assert_eq!(check(line), "1:RO+access 7:OW+update 9:OW+update");
        assert_eq!(runs(line), [1, 11]);
    }

    #[test]
    fn errors_are_the_references() {
        assert_eq!(check("nothing k"), "ERR Invalid command specified");
        assert_eq!(check("ping"), "ERR The command has no key arguments");
        assert_eq!(check("get"), "ERR Invalid number of arguments specified for command");
        assert_eq!(check("zunionstore d 5 a b"), "ERR Invalid arguments specified for command");
        assert_eq!(check("eval return 0"), "");
    }

    #[test]
    fn shard_channels_are_routed_but_are_no_keys() {
        let command = Table::get().command(b"spublish").unwrap();
        let argv: [&[u8]; 3] = [b"spublish", b"c", b"m"];
        assert!(keys_of(command, 3, |at| argv[at]).is_empty());
        assert_eq!(routed_of(command, 3, |at| argv[at]).first(), Some(1));
    }

    #[test]
    fn no_arguments_make_any_search_leave_the_arguments() {
        let words: [&[u8]; 14] = [
            b"",
            b"0",
            b"1",
            b"2",
            b"-1",
            b"99999999999999999999",
            b"keys",
            b"streams",
            b"store",
            b"group",
            b"get",
            b"limit",
            b"block",
            b"k",
        ];
        let seed = fastrand::u64(..);
        println!("seed {seed}");
        let mut random = fastrand::Rng::with_seed(seed);
        for command in Table::get().all() {
            for _ in 0..200 {
                let argv: Vec<&[u8]> = (0..random.usize(0..12)).map(|_| words[random.usize(..words.len())]).collect();
                let keys = routed_of(command, argv.len(), |at| argv[at]);
                assert!(keys.iter().all(|(at, _)| at < argv.len()), "{} {argv:?}", command.name);
            }
        }
    }
}
