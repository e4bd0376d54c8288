//! What is asked: filling, uniform or hot keys, and a cache in front of something slow.

use std::collections::VecDeque;

use fastrand::Rng;

use crate::engine::{Ask, Work};
use crate::wire::{self, Reply};
use crate::zipf::Zipf;

/// Spreads Zipf's ranks over the key numbers: a prime that divides no number of keys used here.
const STRIDE: u64 = 7_919;
/// Elements that one command adds to a big collection.
const BATCH: u64 = 100;

/// What one key of a data set holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A string of the given bytes.
    String,
    /// The same with an expiry time, in ms since the epoch, spread over one second.
    Expiring(u64),
    /// The key's number.
    Integer,
    /// A hash of small fields and values.
    Hash,
    /// A sorted set of small members.
    SortedSet,
    /// A set of small members.
    Set,
    /// A list of strings of the given bytes.
    List,
    /// One set of all numbers, 16 bytes each; `keys` is the number of members.
    BigSet,
    /// One sorted set of all numbers.
    BigSortedSet,
}

/// Fills keys 0 … `keys` - 1 in order.
pub struct Fill {
    /// Kind of every key.
    pub kind: Kind,
    /// How the keys begin.
    pub prefix: String,
    /// How many.
    pub keys: u64,
    /// Elements of a collection.
    pub elements: u64,
    /// Bytes of a string, and of a list's elements.
    pub value_bytes: usize,
    /// The next key's number.
    pub next: u64,
}

impl Work for Fill {
    fn next(&mut self, out: &mut Vec<u8>) -> Option<Ask> {
        if self.finished() {
            return None;
        }
        let number = self.next;
        let key = wire::key(&self.prefix, number);
        let big = matches!(self.kind, Kind::BigSet | Kind::BigSortedSet);
        self.next += if big { BATCH.min(self.keys - number) } else { 1 };
        let value = || wire::value(number, self.value_bytes);
        match self.kind {
            Kind::String => wire::request(out, &[b"SET", &key, &value()]),
            Kind::Expiring(at_ms) => {
                let at = (at_ms + number % 1_000).to_string();
                wire::request(out, &[b"SET", &key, &value(), b"PXAT", at.as_bytes()]);
            }
            Kind::Integer => wire::request(out, &[b"SET", &key, number.to_string().as_bytes()]),
            Kind::Hash => {
                wire::begin(out, 2 + 2 * self.elements as usize);
                wire::argument(out, b"HSET");
                wire::argument(out, &key);
                for element in 1..=self.elements {
                    wire::argument(out, format!("f:{element:02}").as_bytes());
                    wire::argument(out, format!("v{element}").as_bytes());
                }
            }
            Kind::SortedSet => {
                wire::begin(out, 2 + 2 * self.elements as usize);
                wire::argument(out, b"ZADD");
                wire::argument(out, &key);
                for element in 1..=self.elements {
                    wire::argument(out, element.to_string().as_bytes());
                    wire::argument(out, format!("m:{element:02}").as_bytes());
                }
            }
            Kind::Set | Kind::List => {
                wire::begin(out, 2 + self.elements as usize);
                wire::argument(out, if self.kind == Kind::Set { b"SADD" } else { b"RPUSH" });
                wire::argument(out, &key);
                for element in 1..=self.elements {
                    if self.kind == Kind::Set {
                        wire::argument(out, format!("m:{element:02}").as_bytes());
                    } else {
                        wire::argument(out, &wire::value(element, self.value_bytes));
                    }
                }
            }
            Kind::BigSet => {
                wire::begin(out, 2 + (self.next - number) as usize);
                wire::argument(out, b"SADD");
                wire::argument(out, self.prefix.as_bytes());
                for member in number..self.next {
                    wire::argument(out, &wire::key("mem:", member));
                }
            }
            Kind::BigSortedSet => {
                wire::begin(out, 2 + 2 * (self.next - number) as usize);
                wire::argument(out, b"ZADD");
                wire::argument(out, self.prefix.as_bytes());
                for member in number..self.next {
                    // Not in the order of the members' names.
                    wire::argument(out, (member * STRIDE % self.keys).to_string().as_bytes());
                    wire::argument(out, &wire::key("mem:", member));
                }
            }
        }
        Some(Ask::Other)
    }

    fn answered(&mut self, _ask: Ask, reply: Reply<'_>) -> Result<(), String> {
        match (self.kind, reply) {
            (Kind::String | Kind::Expiring(_) | Kind::Integer, Reply::Status(b"OK")) => Ok(()),
            (Kind::Hash | Kind::SortedSet | Kind::Set | Kind::List, Reply::Integer(count))
                if count as u64 == self.elements =>
            {
                Ok(())
            }
            (Kind::BigSet | Kind::BigSortedSet, Reply::Integer(1..)) => Ok(()),
            _ => Err(format!("filling gave {reply:?}")),
        }
    }

    fn finished(&self) -> bool {
        self.next >= self.keys
    }
}

/// GET and SET of keys that are all there, each value checked.
pub struct Strings {
    /// Random numbers, the same for each server.
    pub random: Rng,
    /// Keys 0 … `keys` - 1, uniform except for the hot share.
    pub keys: u64,
    /// Share of the requests that are SET.
    pub set_share: f64,
    /// Share of the requests that go to key 0.
    pub hot_share: f64,
    /// Bytes of every value.
    pub value_bytes: usize,
    /// Requests still to come.
    pub left: u64,
}

impl Work for Strings {
    fn next(&mut self, out: &mut Vec<u8>) -> Option<Ask> {
        self.left = self.left.checked_sub(1)?;
        let hot = self.hot_share > 0.0 && self.random.f64() < self.hot_share;
        let number = if hot { 0 } else { self.random.u64(0..self.keys) };
        let key = wire::key("key:", number);
        if self.set_share > 0.0 && self.random.f64() < self.set_share {
            wire::request(out, &[b"SET", &key, &wire::value(number, self.value_bytes)]);
            Some(Ask::Set(number))
        } else {
            wire::request(out, &[b"GET", &key]);
            Some(Ask::Get(number))
        }
    }

    fn answered(&mut self, ask: Ask, reply: Reply<'_>) -> Result<(), String> {
        match (ask, reply) {
            (Ask::Set(_), Reply::Status(b"OK")) => Ok(()),
            (Ask::Get(number), Reply::Bulk(Some(found))) if *found == wire::value(number, self.value_bytes) => Ok(()),
            _ => Err(format!("{ask:?} gave {reply:?}")),
        }
    }

    fn finished(&self) -> bool {
        self.left == 0
    }
}

/// A cache: GET of Zipf-distributed keys, and SET after each miss.
pub struct Cache {
    /// Random numbers, the same for each server.
    pub random: Rng,
    /// Popularity.
    pub zipf: Zipf,
    /// Keys there are.
    pub keys: u64,
    /// Bytes of every value.
    pub value_bytes: usize,
    /// GETs still to come.
    pub left: u64,
    /// GETs under way.
    pub under_way: u64,
    /// Misses whose SET is still to be sent.
    pub missed: VecDeque<u64>,
    /// GETs that found the value.
    pub hits: u64,
    /// GETs that found nothing.
    pub misses: u64,
}

impl Work for Cache {
    fn next(&mut self, out: &mut Vec<u8>) -> Option<Ask> {
        if let Some(number) = self.missed.pop_front() {
            wire::request(out, &[b"SET", &wire::key("key:", number), &wire::value(number, self.value_bytes)]);
            return Some(Ask::Set(number));
        }
        self.left = self.left.checked_sub(1)?;
        self.under_way += 1;
        let number = self.zipf.rank(self.random.f64()) * STRIDE % self.keys;
        wire::request(out, &[b"GET", &wire::key("key:", number)]);
        Some(Ask::Get(number))
    }

    fn answered(&mut self, ask: Ask, reply: Reply<'_>) -> Result<(), String> {
        if matches!(ask, Ask::Get(_)) {
            self.under_way -= 1;
        }
        match (ask, reply) {
            (Ask::Set(_), Reply::Status(b"OK")) => Ok(()),
            (Ask::Get(number), Reply::Bulk(None)) => {
                self.misses += 1;
                self.missed.push_back(number);
                Ok(())
            }
            (Ask::Get(number), Reply::Bulk(Some(found))) if *found == wire::value(number, self.value_bytes) => {
                self.hits += 1;
                Ok(())
            }
            _ => Err(format!("{ask:?} gave {reply:?}")),
        }
    }

    fn finished(&self) -> bool {
        self.left == 0 && self.under_way == 0 && self.missed.is_empty()
    }
}
