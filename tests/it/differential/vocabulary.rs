//! What the templates' classes stand for: a small universe of keys, members, numbers and options, sound and broken.
//!
//! The universe is small so that commands meet on the same keys and members; sizes vary so that encodings convert.
//! What would make two correct servers differ is left out here: a TTL that could run out during a run (relative ones are
//! at least 10,000 s and never near an absolute one), and numbers that would make one reply or one value huge.

use fastrand::Rng;

use super::payload;

/// Draws the words of one sequence.
pub struct Vocabulary {
    /// The sequence's own random numbers.
    pub rng: Rng,
    /// Whether keys carry hash tags, most of them the same.
    pub cluster: bool,
    /// The ms of the ids of stream entries: they must grow to be taken.
    ms: u64,
}

const INTEGERS_ODD: &[&str] = &[
    "abc",
    "",
    " 1",
    "1 ",
    "01",
    "+1",
    "-0",
    "1.5",
    "0x10",
    "1e3",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "4294967296",
    "2147483648",
    "-2147483649",
    "99999999999999999999999999",
    "8888\0",
];
/// No number that makes the C library report a range error: the reference's SORT does not clear that report, and fails
/// on a later and innocent element. The scenes of `families` try those numbers, and clear it.
const FLOATS: &[&str] = &[
    "0",
    "1",
    "-1",
    "2",
    "3",
    "10",
    "0.1",
    "0.5",
    "1.5",
    "-2.25",
    "3.14159",
    "1e3",
    "1e-5",
    "100000000000000000000",
    "1e20",
    "17",
    "9007199254740993",
    "0.30000000000000004",
    "-0",
    "1.7976931348623157e308",
    "123456789.123456789",
];
const FLOATS_ODD: &[&str] = &[
    "nan",
    "inf",
    "-inf",
    "+inf",
    "Infinity",
    "-infinity",
    "abc",
    "",
    " 1",
    "1 ",
    "1.5abc",
    "0x1p3",
    "1e",
    ".5",
    "5.",
    "+1.5",
    "--1",
    "1_0",
    "NaN(1)",
    "1\0",
];

const CLASSES: &[&str] = &[
    "k", "ks", "kb", "kl", "kt", "kh", "kz", "kx", "kg", "kp", "numkeys", "weights", "v", "e", "f", "n", "i", "c",
    "csafe", "fl", "sc", "sb", "lb", "ttl", "pttl", "at", "pat", "off", "bit", "ty", "boff", "glob", "all", "db", "by",
    "get", "wk", "slot", "setting", "kr", "xid", "id", "ib", "grp", "con", "idle", "lo", "la", "rad", "un", "elements",
    "payload",
];

/// Ids of stream entries that are none, or at the ends of what they can be. None that is too large for 64 bits: see
/// [`FLOATS`].
const IDS_ODD: &[&str] = &[
    "0-0",
    "0",
    "0-1",
    "-",
    "+",
    "$",
    ">",
    "",
    "abc",
    "1-",
    "-1",
    "1--1",
    "1-2-3",
    "01-02",
    " 3-1",
    "+4-+1",
    "5-1 ",
    "5-1\0x",
    "9223372036854775808-0",
    "0-18446744073709551615",
    "18446744073709551615-18446744073709551614",
    "18446744073709551615-18446744073709551615",
    "(1-1",
    "((1",
    "(",
];

impl Vocabulary {
    /// Whether a template's word is a class.
    pub fn knows(word: &str) -> bool {
        CLASSES.contains(&word.split(':').next().unwrap_or(word))
    }

    /// A vocabulary with its own random numbers.
    pub fn new(seed: u64, cluster: bool) -> Vocabulary {
        Vocabulary { rng: Rng::with_seed(seed), cluster, ms: 1 }
    }

    /// True in `percent` of 100 cases.
    pub fn chance(&mut self, percent: u8) -> bool {
        self.rng.u8(..100) < percent
    }

    /// One of several.
    pub fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[self.rng.usize(..from.len())]
    }

    /// The token, mostly as it stands, sometimes in small or mixed letters.
    pub fn in_some_case(&mut self, token: &str) -> Vec<u8> {
        match self.rng.u8(..10) {
            0..7 => token.as_bytes().to_vec(),
            7 | 8 => token.to_ascii_lowercase().into_bytes(),
            _ => token.bytes().map(|b| if self.rng.bool() { b.to_ascii_lowercase() } else { b }).collect(),
        }
    }

    /// Appends what `class` stands for: one argument, or several for the classes that say so.
    ///
    /// # Panics
    /// On an unknown class: a mistake in a template.
    pub fn draw(&mut self, class: &str, out: &mut Vec<Vec<u8>>) {
        let (name, parameter) = class.split_once(':').unwrap_or((class, ""));
        let word = match name {
            "k" => self.any_key(),
            "ks" | "kb" | "kl" | "kt" | "kh" | "kz" | "kx" | "kr" | "kg" | "kp" => self.key_of(name.as_bytes()[1]),
            // A count of keys, mostly right, then the keys.
            "numkeys" => {
                let keys = self.rng.usize(1..=3);
                let count = match self.rng.u8(..12) {
                    0 => self.rng.usize(..6).to_string(),
                    1 => self.pick(&["0", "-1", "abc", "9999999999", "2147483648", ""]).to_owned(),
                    _ => keys.to_string(),
                };
                out.push(count.into_bytes());
                (0..keys).for_each(|_| self.draw(parameter, out));
                return;
            }
            // One weight for each of the two keys that usually stand before, sometimes one too few or many.
            "weights" => {
                for _ in 0..[1, 2, 2, 3][self.rng.usize(..4)] {
                    let weight = self.float();
                    out.push(weight);
                }
                return;
            }
            // So many that a HyperLogLog becomes dense after a few times.
            "elements" => {
                let first = self.rng.u32(..100_000);
                let count = self.rng.u32(1..600);
                out.extend((first..first + count).map(|number| number.to_string().into_bytes()));
                return;
            }
            "lo" => self.degrees(180.0, 10.0..30.0, &["180", "-180", "180.000001", "179.9999999", "-179.999999"]),
            "la" => self.degrees(85.05, 30.0..45.0, &["85.05112878", "-85.05112878", "85.05112879", "90", "-84.99"]),
            "rad" => match self.rng.u8(..20) {
                0 => self.pick(&["0", "-1", "abc", "", "inf", "1e300", "1e-300", "-0", "nan", "0x10"]).into(),
                // All magnitudes from a metre to around the earth.
                _ => format!("{:.3}", 10f64.powf(self.rng.f64() * 7.5)).into_bytes(),
            },
            "un" => match self.rng.u8(..20) {
                0 => self.pick(&["x", "", "mm", "meters"]).into(),
                _ => {
                    let unit = self.pick(&["m", "km", "km", "ft", "mi"]);
                    self.in_some_case(unit)
                }
            },
            "v" => self.value(),
            "e" => self.member(),
            "f" => self.field(),
            "n" => self.integer(-20..=20, 12),
            "i" => self.integer(-12..=12, 8),
            "c" => self.integer(0..=9, 8),
            // A count for commands that would answer with as many elements as a big negative one asks for.
            "csafe" => match self.rng.u8(..20) {
                0 => self.pick(&["abc", "", "1.5", "-9223372036854775808", "9223372036854775808"]).into(),
                1 => b"0".to_vec(),
                2 => b"1000000".to_vec(),
                _ => self.rng.i32(-25..=25).to_string().into_bytes(),
            },
            "fl" => self.float(),
            "sc" => self.score(),
            "sb" => self.score_bound(),
            "lb" => self.lex_bound(),
            "ttl" => self.relative_ttl(1),
            "pttl" => self.relative_ttl(1000),
            "at" => self.absolute_ttl(1),
            "pat" => self.absolute_ttl(1000),
            "off" => match self.rng.u8(..12) {
                0 => self.pick(&["-1", "536870911", "536870912", "9223372036854775807", "abc", ""]).into(),
                1 => self.rng.i32(0..3000).to_string().into_bytes(),
                _ => self.rng.i32(0..40).to_string().into_bytes(),
            },
            "bit" => match self.rng.u8(..12) {
                0 => self.pick(&["-1", "4294967296", "9223372036854775807", "abc", "", "#1"]).into(),
                1 => self.rng.i32(0..20000).to_string().into_bytes(),
                _ => self.rng.i32(0..100).to_string().into_bytes(),
            },
            "ty" => match self.rng.u8(..10) {
                0 => self.pick(&["u64", "i65", "u0", "i0", "x8", "u", "", "i-1", "u08", "I8", "i8x"]).into(),
                1 => self.pick(&["i64", "u63", "i1", "u1"]).into(),
                _ => {
                    format!("{}{}", self.pick(&["u", "i"]), self.pick(&["2", "5", "8", "13", "16", "32"])).into_bytes()
                }
            },
            "boff" => match self.rng.u8(..10) {
                0 => self.pick(&["-1", "#-1", "#", "abc", "4294967296", "#4294967296", ""]).into(),
                1..4 => format!("#{}", self.rng.u8(..12)).into_bytes(),
                _ => self.rng.u8(..100).to_string().into_bytes(),
            },
            "glob" => self.glob(),
            "all" => b"*".to_vec(),
            "db" => match self.rng.u8(..10) {
                0 => self.pick(&["16", "-1", "abc", "15", "9223372036854775807", "", "1.0"]).into(),
                1..7 => b"0".to_vec(),
                _ => self.rng.u8(1..3).to_string().into_bytes(),
            },
            "by" => self.pick(&["w_*", "w_*", "nosort", "h0->*", "h1->f1", "*", "w_*->f1", "{a}w_*", "x"]).into(),
            "get" => self.pick(&["#", "#", "w_*", "h0->*", "none", "h*->f1", "w_*->f1", "*", ""]).into(),
            // A score per member for SORT BY.
            "wk" => {
                let tag = if self.cluster { "{a}" } else { "" };
                let mut key = format!("{tag}w_").into_bytes();
                key.extend(self.member());
                key
            }
            // The id of a new entry.
            "xid" => {
                self.ms += u64::from(self.rng.bool());
                match self.rng.u8(..20) {
                    0 if self.chance(20) => self.pick(IDS_ODD).into(),
                    0 | 1 => self.id(),
                    2..5 => format!("{}-*", self.ms).into_bytes(),
                    5..8 => self.ms.to_string().into_bytes(),
                    _ => format!("{}-{}", self.ms, self.rng.u8(..4)).into_bytes(),
                }
            }
            "id" => self.id(),
            // A bound of an interval of ids.
            "ib" => match self.rng.u8(..10) {
                0..3 => b"-".to_vec(),
                3..6 => b"+".to_vec(),
                6 => [b"(".to_vec(), self.id()].concat(),
                _ => self.id(),
            },
            "grp" => self.pick(&["g1", "g1", "g1", "g2", "g2", "g3", "", "g\r\n\0x"]).into(),
            "con" => self.pick(&["alice", "alice", "bob", "bob", "carol", "7", "", "c\r\n\0x"]).into(),
            // Far from the ms that pass while a sequence runs.
            "idle" => match self.rng.u8(..12) {
                0 => self.pick(&["abc", "", "-1", "9223372036854775808", "01"]).into(),
                1..5 => b"0".to_vec(),
                5..9 => b"50000000".to_vec(),
                _ => b"100000000".to_vec(),
            },
            "slot" => match self.rng.u8(..6) {
                0 => self.pick(&["-1", "16384", "abc", "", "99999999999999999999", "16383"]).into(),
                // The slots of the keys with the hash tags that are used here.
                _ => self.pick(&["15495", "3300", "7365", "0"]).into(),
            },
            "payload" => payload::draw(self),
            "setting" => self
                .pick(&[
                    "hash-max-listpack-entries",
                    "hash-max-listpack-value",
                    "hash-max-ziplist-entries",
                    "set-max-intset-entries",
                    "zset-max-listpack-entries",
                    "zset-max-ziplist-value",
                    "list-max-listpack-size",
                    "list-max-ziplist-size",
                    "maxmemory-policy",
                    "maxmemory",
                    "databases",
                    "nosuchsetting",
                    "*zset-max-listpack*",
                    "TIMEOUT",
                    "port?",
                    "proto-max-bulk-len",
                    "stream-node-max-*",
                    "",
                ])
                .into(),
            _ => panic!("no class named {class}"),
        };
        out.push(word);
    }

    /// An argument that fits nowhere, or just somewhere else.
    pub fn junk(&mut self) -> Vec<u8> {
        match self.rng.u8(..6) {
            0 => self.integer(-2..=5, 50),
            1 => self.any_key(),
            2 => self.member(),
            3 => self.float(),
            4 => self.pick(&["FOO", "", "nan", "\r\n", "-", "+", "(", "[", "*"]).into(),
            _ => {
                self.pick(&["NX", "XX", "GT", "LT", "CH", "WITHSCORES", "LIMIT", "COUNT", "GET", "EX", "STORE"]).into()
            }
        }
    }

    fn any_key(&mut self) -> Vec<u8> {
        match self.rng.u8(..20) {
            0 => self.tagged(b"none"),
            1 if self.rng.bool() => Vec::new(),
            1 => self.tagged(b"\0k\xff\r\n"),
            _ => {
                let kind = b"sblthzzhrgp"[self.rng.usize(..11)];
                self.own_key(kind)
            }
        }
    }

    fn key_of(&mut self, kind: u8) -> Vec<u8> {
        // The sorted sets named `x…` hold one score only: with several, what a range by name finds depends on the random
        // levels of the reference's skip list. So no other key stands in for them, nor they for others.
        if kind == b'x' || self.chance(90) { self.own_key(kind) } else { self.any_key() }
    }

    fn own_key(&mut self, kind: u8) -> Vec<u8> {
        let number = b'0' + self.rng.u8(..4);
        self.tagged(&[kind, number])
    }

    fn tagged(&mut self, name: &[u8]) -> Vec<u8> {
        if !self.cluster {
            return name.to_vec();
        }
        let tag: &[u8] = if self.chance(95) { b"{a}" } else { b"{b}" };
        [tag, name].concat()
    }

    fn integer(&mut self, usual: std::ops::RangeInclusive<i32>, odd_percent: u8) -> Vec<u8> {
        if self.chance(odd_percent) {
            self.pick(INTEGERS_ODD).into()
        } else {
            self.rng.i32(usual).to_string().into_bytes()
        }
    }

    fn float(&mut self) -> Vec<u8> {
        if self.chance(12) { self.pick(FLOATS_ODD).into() } else { self.pick(FLOATS).into() }
    }

    /// A longitude or latitude: mostly near the others, sometimes anywhere up to `max`, or on an edge.
    fn degrees(&mut self, max: f64, near: std::ops::Range<f64>, edges: &[&str]) -> Vec<u8> {
        match self.rng.u8(..20) {
            0 => self.pick(edges).into(),
            1 => self.float(),
            2..6 => format!("{:.6}", (self.rng.f64() * 2.0 - 1.0) * max).into_bytes(),
            // Close together: cells of all sizes are told apart.
            6..9 => format!("{:.8}", near.start + self.rng.f64() * 0.001).into_bytes(),
            _ => format!("{:.6}", near.start + self.rng.f64() * (near.end - near.start)).into_bytes(),
        }
    }

    fn score(&mut self) -> Vec<u8> {
        match self.rng.u8(..10) {
            0..6 => self.rng.i32(-3..=8).to_string().into_bytes(),
            6 => self.pick(&["inf", "-inf", "+inf"]).into(),
            _ => self.float(),
        }
    }

    fn score_bound(&mut self) -> Vec<u8> {
        match self.rng.u8(..10) {
            0..2 => b"-inf".to_vec(),
            2..4 => b"+inf".to_vec(),
            4 => self.pick(&["(", "((1", "(abc", "abc", "", "(inf", "(-inf", "nan", "[1", "1\0"]).into(),
            5 | 6 => [b"(".to_vec(), self.score()].concat(),
            _ => self.score(),
        }
    }

    fn lex_bound(&mut self) -> Vec<u8> {
        match self.rng.u8(..10) {
            0 | 1 => b"-".to_vec(),
            2 | 3 => b"+".to_vec(),
            4 => self.pick(&["", "a", "++", "-x", "[", "(", "+a", "\0"]).into(),
            5 | 6 => [b"(".to_vec(), self.member()].concat(),
            _ => [b"[".to_vec(), self.member()].concat(),
        }
    }

    /// The id of an entry that may be there.
    fn id(&mut self) -> Vec<u8> {
        let ms = self.ms.saturating_sub(self.rng.u64(..12));
        match self.rng.u8(..20) {
            0 => self.pick(IDS_ODD).into(),
            1..4 => self.rng.u64(..=self.ms + 2).to_string().into_bytes(),
            4..8 => format!("{}-{}", self.rng.u64(..=self.ms + 2), self.rng.u8(..4)).into_bytes(),
            _ => format!("{ms}-{}", self.rng.u8(..4)).into_bytes(),
        }
    }

    fn relative_ttl(&mut self, unit: i64) -> Vec<u8> {
        match self.rng.u8(..20) {
            0 => self.pick(&["0", "-1", "-100000", "abc", "", "1.5", " 10", "-9223372036854775808"]).into(),
            1 => self
                .pick(&["9223372036854775807", "9223372036854775", "92233720368547758", "9223372036854775808"])
                .into(),
            _ => (self.rng.i64(10_000..50_000_000) * unit).to_string().into_bytes(),
        }
    }

    fn absolute_ttl(&mut self, unit: i64) -> Vec<u8> {
        match self.rng.u8(..20) {
            0 => self.pick(&["0", "-1", "1", "abc", "", "1600000000", "-9223372036854775808"]).into(),
            1 => self.pick(&["9223372036854775807", "9223372036854776", "9223372036854775808"]).into(),
            // The years 2100 and following: equal ones meet, and no relative one comes near.
            _ => ((4_102_444_800 + self.rng.i64(0..4)) * unit).to_string().into_bytes(),
        }
    }

    /// A string to store.
    pub fn value(&mut self) -> Vec<u8> {
        match self.rng.u8(..20) {
            0..5 => self.rng.i32(-50..=50).to_string().into_bytes(),
            5 => self.pick(INTEGERS_ODD).into(),
            6 => self.float(),
            7 => Vec::new(),
            8 => b"\0\xff\r\n\x80bin".to_vec(),
            // Both sides of embstr's 44 bytes.
            9 => vec![b'e'; self.rng.usize(42..=46)],
            10 => vec![b'L'; self.rng.usize(60..=70)],
            11 if self.chance(20) => vec![b'X'; self.rng.usize(1000..9000)],
            12 => self.pick(&["ohmytext", "mynewtext", "abcdef", "aXbXc", "foobar"]).into(),
            _ => self.member(),
        }
    }

    /// An element of a collection.
    pub fn member(&mut self) -> Vec<u8> {
        match self.rng.u8(..30) {
            0..12 => self.rng.i32(-3..=20).to_string().into_bytes(),
            12..24 => format!("m{}", self.rng.u8(..25)).into_bytes(),
            24 => self.pick(INTEGERS_ODD).into(),
            25 => Vec::new(),
            26 => b"\xff\r\n\0".to_vec(),
            // Both sides of the listpack's 64 bytes.
            27 => vec![b'M'; self.rng.usize(62..=66)],
            28 => self.pick(FLOATS).into(),
            _ if self.chance(5) => vec![b'G'; self.rng.usize(1000..9000)],
            _ => self.rng.i64(-70000..=70000).to_string().into_bytes(),
        }
    }

    fn field(&mut self) -> Vec<u8> {
        if self.chance(80) { format!("f{}", self.rng.u8(..20)).into_bytes() } else { self.member() }
    }

    fn glob(&mut self) -> Vec<u8> {
        self.pick(&[
            "*", "*", "*", "m*", "f?", "*1*", "[ms]*", "[^m]*", "\\m1", "m[1-5]", "", "nosuch", "**a", "[", "s0",
            "{a}*", "m[5-1]", "[a", "\\", "*\\", "?", "[^", "[]m]*", "h[0-2]",
        ])
        .into()
    }
}
