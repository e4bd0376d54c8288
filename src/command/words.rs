//! The words of the command table as bits and enums: command flags, ACL categories, key flags, policies.
//!
//! Rows spell them as the reference does; here is the one list of each. A word that is in a row but not in
//! its list fails a test, so at run time unknown words are ignored.

macro_rules! word_set {
    ($(#[$doc:meta])* $name:ident: $bits:ty { $($constant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $name($bits);

        impl $name {
            word_set!(@constants $bits, 0, $($constant = $word,)+);

            /// Every member with its word, in the order of the bits.
            pub const WORDS: &'static [($name, &'static str)] = &[$(($name::$constant, $word)),+];
        }

        impl $name {
            /// Nothing set.
            pub const NONE: $name = $name(0);

            /// All words of a space-separated list; the first unknown word as the error.
            pub fn parse(words: &str) -> Result<$name, &str> {
                let mut set = $name::NONE;
                for word in words.split_ascii_whitespace() {
                    let (bit, _) = $name::WORDS.iter().find(|(_, known)| *known == word).ok_or(word)?;
                    set = set.with(*bit);
                }
                Ok(set)
            }

            /// Are all of `other` set?
            #[inline]
            pub const fn has(self, other: $name) -> bool {
                self.0 & other.0 == other.0
            }

            /// Is any of `other` set?
            #[inline]
            pub const fn has_any(self, other: $name) -> bool {
                self.0 & other.0 != 0
            }

            /// Those of both.
            #[inline]
            pub const fn with(self, other: $name) -> $name {
                $name(self.0 | other.0)
            }

            /// Those that are not in `other`.
            #[inline]
            pub const fn without(self, other: $name) -> $name {
                $name(self.0 & !other.0)
            }

            /// The bits, one per entry of `WORDS` in its order.
            #[inline]
            pub const fn bits(self) -> $bits {
                self.0
            }

            /// The words set, in the order of the bits.
            pub fn words(self) -> impl Iterator<Item = &'static str> {
                $name::WORDS.iter().filter(move |(bit, _)| self.has(*bit)).map(|(_, word)| *word)
            }
        }
    };
    (@constants $bits:ty, $shift:expr, $constant:ident = $word:literal, $($rest:tt)*) => {
        #[doc = concat!("`", $word, "`")]
        pub const $constant: Self = Self(1 << $shift);
        word_set!(@constants $bits, $shift + 1, $($rest)*);
    };
    (@constants $bits:ty, $shift:expr,) => {};
}

word_set! {
    /// Command flags, field 3 of COMMAND INFO.
    Flags: u32 {
        WRITE = "write",
        READONLY = "readonly",
        DENYOOM = "denyoom",
        ADMIN = "admin",
        PUBSUB = "pubsub",
        NOSCRIPT = "noscript",
        BLOCKING = "blocking",
        LOADING = "loading",
        STALE = "stale",
        SKIP_MONITOR = "skip_monitor",
        SKIP_SLOWLOG = "skip_slowlog",
        ASKING = "asking",
        FAST = "fast",
        NO_AUTH = "no_auth",
        NO_ASYNC_LOADING = "no_async_loading",
        NO_MULTI = "no_multi",
        NO_MANDATORY_KEYS = "no_mandatory_keys",
        ALLOW_BUSY = "allow_busy",
        MOVABLEKEYS = "movablekeys",
    }
}

word_set! {
    /// ACL categories, field 7 of COMMAND INFO; the order is that of `ACL CAT`.
    Categories: u32 {
        KEYSPACE = "@keyspace",
        READ = "@read",
        WRITE = "@write",
        SET = "@set",
        SORTEDSET = "@sortedset",
        LIST = "@list",
        HASH = "@hash",
        STRING = "@string",
        BITMAP = "@bitmap",
        HYPERLOGLOG = "@hyperloglog",
        GEO = "@geo",
        STREAM = "@stream",
        PUBSUB = "@pubsub",
        ADMIN = "@admin",
        FAST = "@fast",
        SLOW = "@slow",
        BLOCKING = "@blocking",
        DANGEROUS = "@dangerous",
        CONNECTION = "@connection",
        TRANSACTION = "@transaction",
        SCRIPTING = "@scripting",
    }
}

word_set! {
    /// What a command does with a key; the order is that of `COMMAND GETKEYSANDFLAGS`.
    KeyFlags: u16 {
        RO = "RO",
        RW = "RW",
        OW = "OW",
        RM = "RM",
        ACCESS = "access",
        UPDATE = "update",
        INSERT = "insert",
        DELETE = "delete",
        NOT_KEY = "not_key",
        INCOMPLETE = "incomplete",
        VARIABLE = "variable_flags",
    }
}

/// Where a proxy sends a command, after its tip `request_policy:`. A command with keys and without the tip
/// goes to the slot of its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestPolicy {
    /// To every node, replicas included.
    AllNodes,
    /// To every primary.
    AllShards,
    /// Split by slot: every shard gets the keys it owns.
    MultiShard,
    /// Known to the command's own code only.
    Special,
}

/// How a proxy merges several replies to one, after the tip `response_policy:`. Without the tip: arrays are
/// concatenated when the command has no keys, and put back in the order of the keys when it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponsePolicy {
    /// The first reply that is no error.
    OneSucceeded,
    /// One reply if none is an error, else an error.
    AllSucceeded,
    /// 1 if all are 1 (arrays: element by element).
    AggLogicalAnd,
    /// 1 if one is 1.
    AggLogicalOr,
    /// The least.
    AggMin,
    /// The greatest.
    AggMax,
    /// The sum.
    AggSum,
    /// Known to the command's own code only.
    Special,
}

impl RequestPolicy {
    /// The policy among a row's tips.
    pub fn among(tips: &[&str]) -> Option<RequestPolicy> {
        RequestPolicy::parse(value_of(tips, "request_policy:")?)
    }

    fn parse(word: &str) -> Option<RequestPolicy> {
        Some(match word {
            "all_nodes" => RequestPolicy::AllNodes,
            "all_shards" => RequestPolicy::AllShards,
            "multi_shard" => RequestPolicy::MultiShard,
            "special" => RequestPolicy::Special,
            _ => return None,
        })
    }
}

impl ResponsePolicy {
    /// The policy among a row's tips.
    pub fn among(tips: &[&str]) -> Option<ResponsePolicy> {
        ResponsePolicy::parse(value_of(tips, "response_policy:")?)
    }

    fn parse(word: &str) -> Option<ResponsePolicy> {
        Some(match word {
            "one_succeeded" => ResponsePolicy::OneSucceeded,
            "all_succeeded" => ResponsePolicy::AllSucceeded,
            "agg_logical_and" => ResponsePolicy::AggLogicalAnd,
            "agg_logical_or" => ResponsePolicy::AggLogicalOr,
            "agg_min" => ResponsePolicy::AggMin,
            "agg_max" => ResponsePolicy::AggMax,
            "agg_sum" => ResponsePolicy::AggSum,
            "special" => ResponsePolicy::Special,
            _ => return None,
        })
    }
}

fn value_of<'t>(tips: &[&'t str], prefix: &str) -> Option<&'t str> {
    tips.iter().find_map(|tip| tip.strip_prefix(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_words_becomes_bits_and_back() {
        let flags = Flags::parse("write  denyoom fast").unwrap();
        assert!(flags.has(Flags::WRITE) && flags.has(Flags::DENYOOM) && !flags.has(Flags::READONLY));
        assert!(!flags.has(Flags::WRITE.with(Flags::READONLY)));
        assert!(flags.has_any(Flags::WRITE.with(Flags::READONLY)));
        assert_eq!(flags.words().collect::<Vec<_>>(), ["write", "denyoom", "fast"]);
        assert_eq!(flags.without(Flags::FAST).words().collect::<Vec<_>>(), ["write", "denyoom"]);
    }

    #[test]
    fn an_unknown_word_is_named() {
        assert_eq!(Flags::parse("write wriet"), Err("wriet"));
        assert_eq!(KeyFlags::parse("ro"), Err("ro"));
    }

    #[test]
    fn every_word_has_a_bit_of_its_own() {
        let all = Categories::WORDS.iter().fold(0, |bits, (one, _)| bits | one.bits());
        assert_eq!(all.count_ones() as usize, Categories::WORDS.len());
        assert_eq!(KeyFlags::VARIABLE.bits(), 1 << 10);
    }

    #[test]
    fn policies_are_read_from_tips() {
        let tips = ["nondeterministic_output", "request_policy:all_shards", "response_policy:agg_sum"];
        assert_eq!(RequestPolicy::among(&tips), Some(RequestPolicy::AllShards));
        assert_eq!(ResponsePolicy::among(&tips), Some(ResponsePolicy::AggSum));
        assert_eq!(RequestPolicy::among(&["nondeterministic_output"]), None);
    }
}
