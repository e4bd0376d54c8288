//! Commands on hashes.

use crate::command::number::parse_int;
use crate::command::spec::Spec;
use crate::command::{Args, Ctx, Error, Outcome};
use crate::resp::Reply;
use crate::store::value::hash::Hash;
use crate::store::{Event, Key, Tx};

pub mod combined;
pub mod expire;
pub mod field;
pub mod iterate;
pub mod lifetime;
pub mod numeric;
pub mod whole;

/// Rows of this family, file by file.
pub const FAMILY: &[&[Spec]] = &[
    field::COMMANDS,
    whole::COMMANDS,
    numeric::COMMANDS,
    iterate::COMMANDS,
    expire::COMMANDS,
    lifetime::COMMANDS,
    combined::COMMANDS,
];

/// What a change did to a hash.
struct Change<R> {
    /// What the command goes on with.
    result: R,
    /// What happened in the reference's words; empty if nothing changed.
    events: &'static [&'static str],
}

/// `events` of a [`Change`], if something happened at all.
fn if_any(happened: bool, events: &'static [&'static str]) -> &'static [&'static str] {
    if happened { events } else { &[] }
}

/// Hands the living fields of a hash to `answer`; `None` is a missing key.
fn read(ctx: &mut Ctx<'_>, key: Key<'_>, answer: impl FnOnce(Option<&Hash>, &mut Reply<'_>) -> Outcome) -> Outcome {
    let Ctx { tx, reply, .. } = ctx;
    let now_ms = tx.now_ms();
    let hash = tx.read::<Hash>(key)?;
    if !hash.as_ref().is_some_and(|hash| hash.is_due(now_ms)) {
        return answer(hash.as_deref(), reply);
    }
    update(tx, key, |_| Change { result: (), events: &[] })?;
    answer(tx.read(key)?.as_deref(), reply)
}

/// Changes the living fields of an existing hash and tells of it; `None` is a missing key.
fn update<R>(tx: &mut Tx<'_>, key: Key<'_>, change: impl FnOnce(&mut Hash) -> Change<R>) -> Result<Option<R>, Error> {
    let now_ms = tx.now_ms();
    let changed = tx.update(key, |hash: &mut Hash| {
        let expired = hash.remove_expired(now_ms) > 0;
        let change = change(hash);
        (expired, change, hash.is_empty())
    })?;
    Ok(changed.map(|(expired, change, emptied)| tell(tx, key, expired, change, emptied)))
}

/// Changes the living fields of a hash, a new one if there is none, and tells of it.
fn upsert<R>(tx: &mut Tx<'_>, key: Key<'_>, change: impl FnOnce(&mut Hash) -> Change<R>) -> Result<R, Error> {
    let now_ms = tx.now_ms();
    let (expired, change, emptied) = tx.upsert(key, |hash: &mut Hash| {
        let expired = hash.remove_expired(now_ms) > 0;
        let change = change(hash);
        (expired, change, hash.is_empty())
    })?;
    // A hash that was never stored is not removed either.
    let emptied = emptied && (expired || !change.events.is_empty());
    Ok(tell(tx, key, expired, change, emptied))
}

fn tell<R>(tx: &mut Tx<'_>, key: Key<'_>, expired: bool, change: Change<R>, emptied: bool) -> R {
    if expired {
        tx.notify(Event::Hash, "hexpired", key);
    }
    for event in change.events {
        tx.notify(Event::Hash, event, key);
    }
    if emptied {
        tx.notify(Event::Generic, "del", key);
    }
    change.result
}

/// The latest time a field can expire at, unix ms: the reference keeps 46 bits.
const EXPIRY_MS_MAX: i64 = (1 << 46) - 1;

/// How a client gives a point in time.
#[derive(Clone, Copy)]
struct TimeFormat {
    /// Seconds rather than milliseconds.
    seconds: bool,
    /// Since now rather than since 1970.
    relative: bool,
}

impl TimeFormat {
    const EX: TimeFormat = TimeFormat { seconds: true, relative: true };
    const PX: TimeFormat = TimeFormat { seconds: false, relative: true };
    const EXAT: TimeFormat = TimeFormat { seconds: true, relative: false };
    const PXAT: TimeFormat = TimeFormat { seconds: false, relative: false };

    /// The format an option announces: EX, PX, EXAT or PXAT.
    fn of_option(option: &[u8]) -> Option<TimeFormat> {
        let formats: [(&[u8], TimeFormat); 4] = [
            (b"ex", TimeFormat::EX),
            (b"px", TimeFormat::PX),
            (b"exat", TimeFormat::EXAT),
            (b"pxat", TimeFormat::PXAT),
        ];
        formats.into_iter().find(|(name, _)| option.eq_ignore_ascii_case(name)).map(|(_, format)| format)
    }

    /// The unix time in ms that `text` says.
    fn read(self, text: &[u8], now_ms: i64, command: &'static str) -> Result<i64, Error> {
        let time = parse_int(text).ok_or(Error::NotInteger)?;
        if time < 0 {
            return Err(Error::Static("ERR invalid expire time, must be >= 0"));
        }
        let base_ms = if self.relative { now_ms } else { 0 };
        let unit_ms = if self.seconds { 1000 } else { 1 };
        time.checked_mul(unit_ms)
            .filter(|&time_ms| time_ms <= EXPIRY_MS_MAX - base_ms)
            .map(|time_ms| time_ms + base_ms)
            .ok_or(Error::InvalidExpire(command))
    }
}

/// The fields of `… FIELDS numfields field …`, with FIELDS expected as argument `at`; `bad_count` is the line
/// for a count below 1.
fn fields<'a>(
    args: Args<'a>,
    at: usize,
    bad_count: &'static str,
) -> Result<impl ExactSizeIterator<Item = &'a [u8]> + Clone, Error> {
    if !args.is(at, "fields") {
        return Err(Error::Static("ERR Mandatory argument FIELDS is missing or not at the right position"));
    }
    let count = args.get(at + 1).and_then(parse_int).filter(|count| *count >= 1).ok_or(Error::Static(bad_count))?;
    let fields = args.skip(at + 2);
    if usize::try_from(count) != Ok(fields.len()) {
        return Err(Error::Static("ERR The `numfields` parameter must match the number of arguments"));
    }
    Ok(fields)
}

/// The usual `bad_count` of [`fields`].
const BAD_FIELD_COUNT: &str = "ERR Number of fields must be a positive integer";
