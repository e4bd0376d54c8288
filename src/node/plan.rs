//! What is known of a batch before it runs: its commands, where their keys are, and the keys' hashes.

use crate::command::{Args, Command, Handler, KeyRun, Table};
use crate::resp::RequestParser;
use crate::store::KeyHash;

/// Keys of one request that are hashed and prefetched ahead: more would push each other out of the cache.
const HASHED_MAX: u32 = 64;

/// A batch with its commands looked up.
#[derive(Default)]
pub(super) struct Plan {
    requests: Vec<Planned>,
    /// Hashes of the keys of the batch, request by request.
    hashes: Vec<KeyHash>,
    looks_members_up: bool,
    /// The command planned last, of whatever batch.
    last: Option<Named>,
    /// What it will touch is prefetched already, or will be before it runs.
    pub(super) prefetched: bool,
}

/// A request with its command looked up.
#[derive(Clone, Copy)]
pub(super) struct Planned {
    /// `None`: unknown.
    pub(super) command: Option<&'static Command>,
    /// Its function, when all that it needs is the slot of its one key.
    pub(super) in_slot: Option<Handler>,
    /// Its keys, as far as they can be told ahead.
    pub(super) keys: KeyRun,
    /// Where the hashes of the first [`HASHED_MAX`] of these keys begin.
    hashed_from: u32,
}

/// A command looked up, for the next request that writes its name the same way.
struct Named {
    bits: u64,
    length: usize,
    command: &'static Command,
}

impl Plan {
    /// Plans the parser's batch. O(arguments that are keys, and their length).
    pub(super) fn of(&mut self, parser: &RequestParser, input: &[u8]) {
        self.clear();
        for request in parser.requests() {
            let args = Args::with_apart(input, parser.args_of(request), parser.apart());
            let planned = self.plan(args);
            self.requests.push(planned);
        }
    }

    /// Forgets the batch.
    #[inline]
    pub(super) fn clear(&mut self) {
        self.requests.clear();
        self.hashes.clear();
        self.prefetched = false;
        self.looks_members_up = false;
    }

    /// Nothing is planned.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    #[inline]
    pub(super) fn requests(&self) -> &[Planned] {
        &self.requests
    }

    /// All hashes.
    #[inline]
    pub(super) fn hashes(&self) -> &[KeyHash] {
        &self.hashes
    }

    /// Those of a request's keys' hashes that are known.
    #[inline]
    pub(super) fn hashes_of(&self, planned: &Planned) -> &[KeyHash] {
        let from = planned.hashed_from as usize;
        &self.hashes[from..from + planned.keys.count.min(HASHED_MAX) as usize]
    }

    /// The hash of the only key of a request that runs [`in its slot`](Planned::in_slot).
    #[inline(always)]
    pub(super) fn hash_of(&self, planned: &Planned) -> &KeyHash {
        &self.hashes[planned.hashed_from as usize]
    }

    /// May a slot stay locked from one request to the next? Only between quick ones: others wait for it.
    #[inline]
    pub(super) fn share_slot(&self, first: &Planned, second: &Planned) -> bool {
        let quick =
            |planned: &Planned| planned.in_slot.is_some() && planned.command.is_some_and(|command| command.quick);
        quick(first) && quick(second) && self.hash_of(first).slot() == self.hash_of(second).slot()
    }

    /// Some request looks a member or field up.
    #[inline]
    pub(super) fn looks_members_up(&self) -> bool {
        self.looks_members_up
    }

    #[inline]
    fn plan(&mut self, args: Args<'_>) -> Planned {
        let name = args.at(0);
        let bits = name_bits(name);
        // Most requests have the name of the one before.
        let command = match &self.last {
            Some(last) if last.bits == bits && last.length == name.len() && last.is_written(name) => Some(last.command),
            _ => {
                let command = Table::get().lookup(name, args.get(1));
                // What a container's name stands for depends on the next argument.
                let alone = |command: &&Command| !command.is_container() && command.name.len() == name.len();
                self.last = command.filter(alone).map(|command| Named { bits, length: name.len(), command });
                command
            }
        };
        let keys = command.map_or_else(KeyRun::default, |command| command.keys_ahead(args.len()));
        let hashed_from = self.hashes.len() as u32;
        match keys.count {
            0 => {}
            1 => self.hashes.push(KeyHash::of(args.at(keys.first as usize))),
            _ => {
                self.hashes.extend(keys.positions().take(HASHED_MAX as usize).map(|index| KeyHash::of(args.at(index))))
            }
        }
        self.looks_members_up |= command.is_some_and(|command| command.spec.first_member > 0);
        let in_slot = command.filter(|command| command.takes(args.len())).and_then(|command| command.in_slot);
        Planned { command, in_slot, keys, hashed_from }
    }
}

impl Named {
    /// Is this its name, given that bits and length are?
    #[inline]
    fn is_written(&self, name: &[u8]) -> bool {
        self.length <= size_of::<u64>() || self.command.name.as_bytes().eq_ignore_ascii_case(name)
    }
}

/// The bytes of a name of at most eight, different for different names of one length; of longer ones, some.
#[inline]
fn name_bits(name: &[u8]) -> u64 {
    if let (Some(head), Some(tail)) = (name.first_chunk(), name.last_chunk()) {
        return u64::from(u32::from_le_bytes(*head)) | u64::from(u32::from_le_bytes(*tail)) << 32;
    }
    name.iter().fold(0, |bits, byte| bits << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::RequestLimits;
    use crate::store::Key;

    fn planned(text: &str) -> (Plan, Vec<Option<String>>) {
        let (mut parser, mut input) = (RequestParser::default(), text.as_bytes().to_vec());
        parser.parse(&mut input, RequestLimits { bulk_bytes_max: 1 << 20, unauthenticated: false }, 100).unwrap();
        let mut plan = Plan::default();
        plan.of(&parser, &input);
        let names = plan.requests().iter().map(|planned| Some(planned.command?.name.to_string())).collect();
        (plan, names)
    }

    #[test]
    fn names_are_told_apart_however_alike_they_are() {
        let lines = [
            "get a",
            "GET a",
            "set a b",
            "sett a b",
            "getdel a",
            "getset a b",
            "zrandmember z",
            "zrangestore a b 0 1",
            "zrandmember z",
            "config get a",
            "config set a b",
            "hgetallx h",
            "hgetall h",
            "client",
            "client id",
        ];
        let expected = [
            Some("get"),
            Some("get"),
            Some("set"),
            None,
            Some("getdel"),
            Some("getset"),
            Some("zrandmember"),
            Some("zrangestore"),
            Some("zrandmember"),
            Some("config|get"),
            Some("config|set"),
            None,
            Some("hgetall"),
            Some("client"),
            Some("client|id"),
        ];
        let (_, names) = planned(&(lines.join("\r\n") + "\r\n"));
        assert_eq!(names.iter().map(|name| name.as_deref()).collect::<Vec<_>>(), expected);
        for length in 1..=8 {
            let names: Vec<Vec<u8>> = (0..length).map(|at| (0..length).map(|i| u8::from(i == at)).collect()).collect();
            let bits: std::collections::HashSet<u64> = names.iter().map(|name| name_bits(name)).collect();
            assert_eq!(bits.len(), length);
        }
    }

    #[test]
    fn only_whole_requests_on_one_key_run_in_its_slot() {
        let (plan, _) = planned("get a\r\nget\r\nget a b\r\nmget a b\r\nping\r\nincr {a}n\r\n");
        let in_slot: Vec<bool> = plan.requests().iter().map(|planned| planned.in_slot.is_some()).collect();
        assert_eq!(in_slot, [true, false, false, false, false, true]);
        let [get, .., incr] = plan.requests() else { panic!("six requests") };
        assert_eq!(*plan.hash_of(get), Key::new(b"a").hash());
        assert!(plan.share_slot(get, incr) && !plan.share_slot(get, &plan.requests()[3]));
        assert_eq!(plan.hashes_of(&plan.requests()[3]).len(), 2);
    }
}
