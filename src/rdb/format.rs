//! The numbers of the format: versions, encodings of values, opcodes between them. They go to disk and over the
//! wire, so they never change.

/// Version of what is written: the reference's 7.0.
pub const VERSION: u16 = 10;
/// Version of what holds hashes whose fields expire, which nothing older can express: the reference's 7.4.
pub const VERSION_EXPIRING: u16 = 12;
/// Valkey 9, which counts on its own from here on.
const VERSION_VALKEY: u16 = 80;

/// Whether values of this version are read.
pub fn reads_version(version: u16) -> bool {
    version <= VERSION_EXPIRING || version == VERSION_VALKEY
}

/// How a value is written: the byte in front of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// A string.
    String,
    /// A list: strings.
    List,
    /// A set: strings.
    Set,
    /// A sorted set: strings, and scores as text.
    SortedSetText,
    /// A hash: strings.
    Hash,
    /// A sorted set: strings, and scores as eight bytes.
    SortedSet,
    /// A hash in one string of the oldest packed form.
    HashZipmap,
    /// A list in one ziplist.
    ListZiplist,
    /// A set of integers in one string.
    SetIntset,
    /// A sorted set in one ziplist.
    SortedSetZiplist,
    /// A hash in one ziplist.
    HashZiplist,
    /// A list of ziplists.
    ListQuicklist,
    /// A stream without what later versions count.
    Stream,
    /// A hash in one listpack.
    HashListpack,
    /// A sorted set in one listpack.
    SortedSetListpack,
    /// A list of listpacks and of elements that are too large for one.
    ListQuicklist2,
    /// A stream with its first id, its largest deleted one and its number of entries ever.
    Stream2,
    /// A set in one listpack.
    SetListpack,
    /// A stream whose consumers also have the time they were last active.
    Stream3,
    /// A hash: strings, and for each field when it expires.
    HashExpiring,
    /// A hash in one listpack, with when each field expires.
    HashListpackExpiring,
    /// The same as Valkey writes it.
    HashValkey,
}

/// Every encoding with its number; [`Encoding::HashValkey`] has the number of something else in the reference.
const NUMBERS: [(Encoding, u8); 21] = [
    (Encoding::String, 0),
    (Encoding::List, 1),
    (Encoding::Set, 2),
    (Encoding::SortedSetText, 3),
    (Encoding::Hash, 4),
    (Encoding::SortedSet, 5),
    // 6 and 7 are values of modules.
    (Encoding::HashZipmap, 9),
    (Encoding::ListZiplist, 10),
    (Encoding::SetIntset, 11),
    (Encoding::SortedSetZiplist, 12),
    (Encoding::HashZiplist, 13),
    (Encoding::ListQuicklist, 14),
    (Encoding::Stream, 15),
    (Encoding::HashListpack, 16),
    (Encoding::SortedSetListpack, 17),
    (Encoding::ListQuicklist2, 18),
    (Encoding::Stream2, 19),
    (Encoding::SetListpack, 20),
    (Encoding::Stream3, 21),
    // 22 and 23 are hashes of release candidates, whose times are told apart by nothing.
    (Encoding::HashExpiring, 24),
    (Encoding::HashListpackExpiring, 25),
];
const NUMBER_VALKEY_HASH: u8 = 22;
/// Numbers from here on mean different things to the two servers.
const NUMBER_SHARED_MAX: u8 = 21;

impl Encoding {
    /// The encoding that a number means in a version; `None` for what is not read.
    pub fn from_number(number: u8, version: u16) -> Option<Encoding> {
        if version >= VERSION_VALKEY && number > NUMBER_SHARED_MAX {
            return (number == NUMBER_VALKEY_HASH).then_some(Encoding::HashValkey);
        }
        NUMBERS.iter().find(|(_, own)| *own == number).map(|(encoding, _)| *encoding)
    }

    /// The number it is written as.
    pub fn number(self) -> u8 {
        NUMBERS.iter().find(|(own, _)| *own == self).map_or(NUMBER_VALKEY_HASH, |(_, number)| *number)
    }

    /// The version of a payload that holds it.
    pub fn version(self) -> u16 {
        match self {
            Encoding::HashExpiring | Encoding::HashListpackExpiring => VERSION_EXPIRING,
            Encoding::HashValkey => VERSION_VALKEY,
            _ => VERSION,
        }
    }
}

/// What stands between values in a file, in place of an encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Opcode {
    /// How many keys of a slot follow.
    SlotInfo = 244,
    /// A library of functions.
    Function = 245,
    /// Data of a module that belongs to no key.
    ModuleAux = 247,
    /// Seconds since the next key was last accessed.
    Idle = 248,
    /// The counter of accesses of the next key.
    Frequency = 249,
    /// A name and a value about the file.
    Aux = 250,
    /// How many keys, and keys that expire, follow.
    ResizeDatabase = 251,
    /// When the next key expires, unix ms.
    ExpiryMs = 252,
    /// When the next key expires, unix seconds.
    ExpirySeconds = 253,
    /// The database of the keys that follow.
    SelectDatabase = 254,
    /// The end: only the checksum follows.
    End = 255,
}

impl Opcode {
    const ALL: [Opcode; 11] = [
        Opcode::SlotInfo,
        Opcode::Function,
        Opcode::ModuleAux,
        Opcode::Idle,
        Opcode::Frequency,
        Opcode::Aux,
        Opcode::ResizeDatabase,
        Opcode::ExpiryMs,
        Opcode::ExpirySeconds,
        Opcode::SelectDatabase,
        Opcode::End,
    ];

    /// The opcode that a byte is; `None` when it is an encoding or unknown.
    pub fn from_number(number: u8) -> Option<Opcode> {
        Opcode::ALL.into_iter().find(|opcode| *opcode as u8 == number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_read_as_what_it_is_written_for() {
        for number in 0..=u8::MAX {
            let encoding = Encoding::from_number(number, VERSION_EXPIRING);
            assert_eq!(encoding.map_or(number, Encoding::number), number);
            assert!(encoding.is_none() || Opcode::from_number(number).is_none());
        }
        assert_eq!(Encoding::from_number(22, VERSION_VALKEY), Some(Encoding::HashValkey));
        assert_eq!(Encoding::from_number(Encoding::HashValkey.number(), Encoding::HashValkey.version()), {
            Some(Encoding::HashValkey)
        });
    }

    #[test]
    fn modules_and_forms_of_release_candidates_are_not_read() {
        for number in [6, 7, 8, 22, 23, 26] {
            assert_eq!(Encoding::from_number(number, VERSION_EXPIRING), None);
        }
        assert_eq!(Encoding::from_number(24, VERSION_VALKEY), None);
    }

    #[test]
    fn versions_are_read_up_to_the_newest_known_one() {
        let read: Vec<u16> = (0..=u16::MAX).filter(|version| reads_version(*version)).skip(9).collect();
        assert_eq!(read, [9, 10, 11, 12, 80]);
    }
}
