//! Error replies: one enum, the reference's texts in `Display`.

use crate::store::WrongType;
use std::borrow::Cow;

/// What a command answers when it cannot do what was asked; `Display` is the whole error line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The key holds another type.
    #[error("WRONGTYPE Operation against a key holding the wrong kind of value")]
    WrongType,
    /// Options that do not fit together, or an unknown one.
    #[error("ERR syntax error")]
    Syntax,
    /// No integer, or one out of the 64-bit range.
    #[error("ERR value is not an integer or out of range")]
    NotInteger,
    /// No floating point number.
    #[error("ERR value is not a valid float")]
    NotFloat,
    /// A number outside of what the command takes.
    #[error("ERR value is out of range")]
    OutOfRange,
    /// A number that must not be negative is.
    #[error("ERR value is out of range, must be positive")]
    NotPositive,
    /// An index outside of the list.
    #[error("ERR index out of range")]
    IndexOutOfRange,
    /// The key must exist.
    #[error("ERR no such key")]
    NoSuchKey,
    /// The sum would leave the 64-bit range.
    #[error("ERR increment or decrement would overflow")]
    Overflow,
    /// The value would pass `proto-max-bulk-len`.
    #[error("ERR string exceeds maximum allowed size (proto-max-bulk-len)")]
    StringTooLong,
    /// A time to live that is not positive, or overflows.
    #[error("ERR invalid expire time in '{0}' command")]
    InvalidExpire(&'static str),
    /// Too few or too many arguments; the command's full name.
    #[error("ERR wrong number of arguments for '{0}' command")]
    WrongArity(String),
    /// Keys of several slots.
    #[error("CROSSSLOT Keys in request don't hash to the same slot")]
    CrossSlot,
    /// A container command does not know this word.
    /// Another line of the reference, whole.
    #[error("{0}")]
    Static(&'static str),
    /// Another line of the reference, whole, with something of the request in it.
    #[error("{0}")]
    Text(String),
    /// As [`Error::Text`], with bytes of the request in it that need not be text.
    #[error("{}", String::from_utf8_lossy(.0))]
    Bytes(Vec<u8>),
}

impl From<WrongType> for Error {
    fn from(_: WrongType) -> Error {
        Error::WrongType
    }
}

impl Error {
    /// The error of a container command that does not know the subcommand `word`.
    pub fn unknown_subcommand(container: &str, word: &[u8]) -> Error {
        let container = container.to_ascii_uppercase();
        Error::Bytes(
            [b"ERR unknown subcommand '", quotable(word, 128), b"'. Try ", container.as_bytes(), b" HELP."].concat(),
        )
    }

    /// The whole line, as it is sent.
    pub fn line(&self) -> Cow<'_, [u8]> {
        match self {
            Error::Static(line) => Cow::Borrowed(line.as_bytes()),
            Error::Text(line) => Cow::Borrowed(line.as_bytes()),
            Error::Bytes(line) => Cow::Borrowed(line),
            error => Cow::Owned(error.to_string().into_bytes()),
        }
    }

    /// The word that `INFO errorstats` counts it under: the first of its line.
    pub fn code(line: &str) -> &str {
        line.split(' ').next().unwrap_or("ERR")
    }
}

/// What the reference's errors quote of an argument: at most `max` bytes, up to the first zero byte.
pub fn quotable(arg: &[u8], max: usize) -> &[u8] {
    let arg = &arg[..arg.len().min(max)];
    &arg[..memchr::memchr(0, arg).unwrap_or(arg.len())]
}
