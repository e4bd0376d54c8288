//! Commands on streams.

use super::elem::bulk;
use super::number::parse_int;
use super::spec::Spec;
use super::{Error, quotable};
use crate::resp::Reply;
use crate::store::value::stream::{Entry, Id, NewId, Refused};

pub mod claim;
pub mod entry;
pub mod group;
pub mod info;
pub mod pending;
pub mod range;
pub mod read;
pub mod remove;
mod trimming;

/// Rows of this family, file by file.
pub const FAMILY: &[&[Spec]] = &[
    entry::COMMANDS,
    range::COMMANDS,
    remove::COMMANDS,
    read::COMMANDS,
    group::COMMANDS,
    pending::COMMANDS,
    claim::COMMANDS,
    info::COMMANDS,
];

const INVALID_ID: Error = Error::Static("ERR Invalid stream ID specified as stream command argument");
/// Longest id that is looked at.
const ID_BYTES_MAX: usize = 127;

/// A number of an id as C's `strtoull` reads it to the end: spaces and a sign may stand in front, and a minus means
/// what it means there. What is a signed 64-bit number must not be negative.
fn id_part(text: &[u8]) -> Option<u64> {
    if let Some(number) = parse_int(text) {
        return u64::try_from(number).ok();
    }
    let text = &text[text.iter().take_while(|byte| matches!(byte, b' ' | b'\t'..=b'\r')).count()..];
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] | digits => (false, digits),
    };
    if digits.is_empty() {
        return None;
    }
    let number = digits.iter().try_fold(0u64, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })?;
    Some(if negative { number.wrapping_neg() } else { number })
}

/// `ms` or `ms-seq`, the latter with its second part still as text.
fn id_parts(text: &[u8]) -> Option<(u64, Option<&[u8]>)> {
    if text.len() > ID_BYTES_MAX {
        return None;
    }
    let text = quotable(text, ID_BYTES_MAX);
    match memchr::memchr(b'-', text) {
        Some(dash) => Some((id_part(&text[..dash])?, Some(&text[dash + 1..]))),
        None => Some((id_part(text)?, None)),
    }
}

/// Reads `ms-seq`, or `ms` with `missing_seq` for the rest.
fn strict_id_or(text: &[u8], missing_seq: u64) -> Result<Id, Error> {
    let (ms, seq) = id_parts(text).ok_or(INVALID_ID)?;
    let seq = seq.map_or(Some(missing_seq), id_part).ok_or(INVALID_ID)?;
    Ok(Id::new(ms, seq))
}

/// Reads `ms-seq` or `ms`, which is `ms-0`.
fn strict_id(text: &[u8]) -> Result<Id, Error> {
    strict_id_or(text, 0)
}

/// As [`strict_id_or`], and `-` and `+` are the smallest and the largest id.
fn id_or(text: &[u8], missing_seq: u64) -> Result<Id, Error> {
    match quotable(text, ID_BYTES_MAX) {
        b"-" => Ok(Id::MIN),
        b"+" => Ok(Id::MAX),
        _ => strict_id_or(text, missing_seq),
    }
}

/// The id of a new entry: `*`, `ms-*`, or what [`strict_id`] takes.
fn new_id(text: &[u8]) -> Result<NewId, Error> {
    if quotable(text, ID_BYTES_MAX) == b"*" {
        return Ok(NewId::Auto);
    }
    match id_parts(text).ok_or(INVALID_ID)? {
        (ms, Some(b"*")) => Ok(NewId::AutoSeq(ms)),
        _ => strict_id(text).map(NewId::Exactly),
    }
}

/// The start of an interval: `(` in front leaves the id itself out.
fn interval_start(text: &[u8]) -> Result<Id, Error> {
    match text {
        [b'(', id @ ..] if !id.is_empty() => {
            let invalid = Error::Static("ERR invalid start ID for the interval");
            strict_id_or(id, 0)?.next().ok_or(invalid)
        }
        _ => id_or(text, 0),
    }
}

/// The end of an interval.
fn interval_end(text: &[u8]) -> Result<Id, Error> {
    match text {
        [b'(', id @ ..] if !id.is_empty() => {
            let invalid = Error::Static("ERR invalid end ID for the interval");
            strict_id_or(id, u64::MAX)?.previous().ok_or(invalid)
        }
        _ => id_or(text, u64::MAX),
    }
}

fn reply_id(reply: &mut Reply<'_>, id: Id) {
    reply.bulk(id.text().as_bytes());
}

/// The id, and an array of fields and values in turn.
fn reply_entry(reply: &mut Reply<'_>, entry: &Entry<'_>) {
    reply.array(2);
    reply_id(reply, entry.id);
    reply.array(entry.fields * 2);
    for (field, value) in entry.pairs() {
        bulk(reply, field);
        bulk(reply, value);
    }
}

/// An array of entries: `count` at most; 0: all.
fn reply_entries<'s>(reply: &mut Reply<'_>, entries: impl Iterator<Item = Entry<'s>>, count: usize) {
    let mark = reply.mark();
    let mut written = 0;
    for entry in entries.take(if count == 0 { usize::MAX } else { count }) {
        reply_entry(reply, &entry);
        written += 1;
    }
    reply.array_at(mark, written);
}

fn refusal(refused: Refused) -> Error {
    Error::Static(match refused {
        Refused::Exhausted => "ERR The stream has exhausted the last possible ID, unable to add more items",
        Refused::NotLarger => "ERR The ID specified in XADD is equal or smaller than the target stream top item",
        Refused::TooLarge => "ERR Elements are too large to be stored",
    })
}

/// The error of commands that need a group, of a key that may be missing as well.
fn no_group(key: &[u8], group: &[u8], behind: &[u8]) -> Error {
    let (key, group) = (quotable(key, usize::MAX), quotable(group, usize::MAX));
    Error::Bytes([b"NOGROUP No such key '", key, b"' or consumer group '", group, b"'", behind].concat())
}

/// The same when the key is there.
fn no_group_in(key: &[u8], group: &[u8]) -> Error {
    let (key, group) = (quotable(key, usize::MAX), quotable(group, usize::MAX));
    Error::Bytes([b"NOGROUP No such consumer group '", group, b"' for key name '", key, b"'"].concat())
}

/// The error of a container command whose options do not fit its subcommand.
fn subcommand_syntax(container: &'static str, word: &[u8]) -> Error {
    let line = [
        b"ERR unknown subcommand or wrong number of arguments for '",
        quotable(word, 128),
        b"'. Try ",
        container.as_bytes(),
        b" HELP.",
    ];
    Error::Bytes(line.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_as_the_reference_reads_them() {
        for (text, id) in [
            ("1-2", Some(Id::new(1, 2))),
            ("1", Some(Id::new(1, 0))),
            ("007-08", Some(Id::new(7, 8))),
            ("+1- 2", Some(Id::new(1, 2))),
            ("1--02", Some(Id::new(1, u64::MAX - 1))),
            ("18446744073709551615-18446744073709551615", Some(Id::MAX)),
            ("1-2\0x", Some(Id::new(1, 2))),
            ("18446744073709551616", None),
            ("1--2", None),
            ("-1", None),
            ("1-", None),
            ("", None),
            ("-", None),
            ("+", None),
            ("*", None),
            ("1-*", None),
            ("1-2-3", None),
            ("1 ", None),
            ("a-1", None),
        ] {
            assert_eq!(strict_id(text.as_bytes()).ok(), id, "{text:?}");
        }
        let long = format!("1-{:0>125}", 1);
        assert_eq!(strict_id(long.as_bytes()).ok(), Some(Id::new(1, 1)));
        assert!(strict_id(format!("{long} ").as_bytes()).is_err());
    }

    #[test]
    fn intervals_may_leave_their_ends_out() {
        assert_eq!(interval_start(b"-").ok(), Some(Id::MIN));
        assert_eq!(interval_start(b"(5").ok(), Some(Id::new(5, 1)));
        assert_eq!(interval_end(b"5").ok(), Some(Id::new(5, u64::MAX)));
        assert_eq!(interval_end(b"(5").ok(), Some(Id::new(5, u64::MAX - 1)));
        assert_eq!(interval_end(b"(5-0").ok(), Some(Id::new(4, u64::MAX)));
        for (text, error) in [("(-", &INVALID_ID), ("(", &INVALID_ID), ("((1", &INVALID_ID)] {
            assert_eq!(interval_start(text.as_bytes()).as_ref(), Err(error));
        }
        assert!(interval_end(b"(0-0").is_err_and(|error| error.to_string().contains("invalid end ID")));
        let last = format!("({}", Id::MAX);
        assert!(interval_start(last.as_bytes()).is_err_and(|error| error.to_string().contains("invalid start ID")));
    }
}
