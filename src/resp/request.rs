//! The request parser: bytes of a connection in, argument ranges out.
//!
//! It is incremental (a byte is looked at once, wherever the reads split), bounded (every length is checked
//! against [`RequestLimits`] before anything is kept) and copies nothing: a request is a run of ranges over
//! the connection's read buffer, save for long arguments, which may be [kept apart](RequestParser::keeping_apart). Inline commands are unquoted in place. Errors are the reference's texts; the
//! connection answers with them and closes.
//!
//! Source: "RESP protocol spec", and what `redis-server` 7.0.15 answers where the page is silent.

use super::apart::{APART_BYTES_MIN, Apart};
use std::sync::Arc;

/// Longest line of an inline command, or of a length, in bytes.
pub const INLINE_BYTES_MAX: usize = 64 * 1024;
/// Most arguments of one request.
pub const ARGS_MAX: i64 = 1024 * 1024;
/// Most arguments of one request before AUTH.
const UNAUTHENTICATED_ARGS_MAX: i64 = 10;
/// Longest argument before AUTH, in bytes.
const UNAUTHENTICATED_BULK_BYTES_MAX: i64 = 16_384;

/// What one request may ask for.
#[derive(Clone, Copy, Debug)]
pub struct RequestLimits {
    /// `proto-max-bulk-len`: longest argument, in bytes.
    pub bulk_bytes_max: u64,
    /// The client still has to authenticate: the tight bounds hold.
    pub unauthenticated: bool,
}

/// An argument: offsets into the read buffer, or the number of one that is kept apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArgRange {
    /// First byte, or [`APART`].
    start: u32,
    /// Behind the last byte, or the number.
    end: u32,
}

/// Start of an argument that is kept apart. Read buffers are shorter.
const APART: u32 = u32::MAX;

impl ArgRange {
    /// The `length` bytes from `start` on, in a buffer below 4 GiB.
    pub fn behind(start: usize, length: usize) -> ArgRange {
        ArgRange { start: start as u32, end: (start + length) as u32 }
    }

    /// The bytes it names in the buffer it was parsed from, or among the arguments kept apart.
    #[inline]
    pub fn of<'a>(self, buffer: &'a [u8], apart: &'a Apart) -> &'a [u8] {
        if self.start == APART {
            return self.of_apart(apart);
        }
        &buffer[self.start as usize..self.end as usize]
    }

    #[cold]
    #[inline(never)]
    fn of_apart(self, apart: &Apart) -> &[u8] {
        apart.get(self.end as usize)
    }

    /// The bytes to hold on to, when they are kept apart.
    #[inline]
    pub fn shared_of(self, apart: &Apart) -> Option<&Arc<Vec<u8>>> {
        (self.start == APART).then(|| apart.get(self.end as usize))
    }
}

/// One complete request: its arguments are `args[first_arg..first_arg + arg_count]` of the parser.
#[derive(Clone, Copy, Debug)]
pub struct RequestSpan {
    /// Index of its first argument.
    pub first_arg: u32,
    /// Number of arguments, at least 1.
    pub arg_count: u32,
    /// Offset of its first byte in the read buffer.
    pub start: u32,
    /// Offset behind its last byte.
    pub end: u32,
    /// It came as an inline command: its bytes are not a RESP array.
    pub inline: bool,
}

/// Why the bytes are no request; `Display` is the reference's error line without `-ERR `.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolError {
    /// A line that never ends.
    #[error("Protocol error: too big inline request")]
    InlineTooBig,
    /// Quotes that do not close.
    #[error("Protocol error: unbalanced quotes in request")]
    UnbalancedQuotes,
    /// `*` and then no line end for 64 KiB.
    #[error("Protocol error: too big mbulk count string")]
    CountTooLong,
    /// `*` and no number, or more than 1,048,576.
    #[error("Protocol error: invalid multibulk length")]
    InvalidCount,
    /// More than 10 arguments before AUTH.
    #[error("Protocol error: unauthenticated multibulk length")]
    UnauthenticatedCount,
    /// Something else where `$` was due.
    #[error("Protocol error: expected '$', got '{}'", char::from(*.0))]
    ExpectedDollar(u8),
    /// `$` and then no line end for 64 KiB.
    #[error("Protocol error: too big bulk count string")]
    LengthTooLong,
    /// `$` and no number, a negative one, or one over the limit.
    #[error("Protocol error: invalid bulk length")]
    InvalidLength,
    /// More than 16 KiB before AUTH.
    #[error("Protocol error: unauthenticated bulk length")]
    UnauthenticatedLength,
}

impl ProtocolError {
    /// The whole error line: `Display` behind `ERR `, with an unexpected byte as it came.
    pub fn line(&self) -> Vec<u8> {
        match self {
            ProtocolError::ExpectedDollar(byte) => {
                [b"ERR Protocol error: expected '$', got '", &[*byte][..], b"'"].concat()
            }
            error => format!("ERR {error}").into_bytes(),
        }
    }
}

/// Parser of one connection's requests.
///
/// Use: append bytes to the buffer, [`parse`](RequestParser::parse) a batch, run it, then
/// [`release`](RequestParser::release) what was consumed. With arguments kept apart: read into
/// [`room`](RequestParser::room) where there is one, and [`release_from`](RequestParser::release_from) the buffer.
#[derive(Debug, Default)]
pub struct RequestParser {
    args: Vec<ArgRange>,
    requests: Vec<RequestSpan>,
    /// Arguments of complete requests at the front of `args`; what follows belongs to the request being read.
    complete_args: usize,
    /// Offset of the next byte to look at.
    position: usize,
    /// Offset of the first byte of the request being read.
    request_start: usize,
    /// Arguments still missing from the request being read; 0: between requests.
    args_missing: i64,
    /// Length of the argument being read, once known.
    bulk_length: Option<usize>,
    /// Long arguments are kept apart.
    keeps_apart: bool,
    apart: Apart,
}

impl RequestLimits {
    /// No limit is below what [`RequestParser::plain`] takes.
    #[inline]
    fn any_short(self) -> bool {
        !self.unauthenticated && self.bulk_bytes_max >= 10_000
    }
}

impl RequestParser {
    /// A parser that keeps arguments from 16 KiB on out of the read buffer, unless they came with it as a whole.
    pub fn keeping_apart() -> RequestParser {
        RequestParser { keeps_apart: true, ..RequestParser::default() }
    }

    /// The arguments kept apart.
    #[inline]
    pub fn apart(&self) -> &Apart {
        &self.apart
    }

    /// Where the next bytes must be read to, and how many at most; `None`: to the end of the buffer. Memory is
    /// reserved as an argument comes, not as it is announced.
    pub fn room(&mut self) -> Option<(&mut Vec<u8>, usize)> {
        self.apart.room()
    }

    /// Bytes of the request being read that are kept apart.
    pub fn apart_bytes(&self) -> usize {
        self.apart.held_bytes()
    }

    /// Complete requests of the current batch.
    #[inline]
    pub fn requests(&self) -> &[RequestSpan] {
        &self.requests
    }

    /// Arguments of a request of the current batch.
    #[inline]
    pub fn args_of(&self, request: &RequestSpan) -> &[ArgRange] {
        &self.args[request.first_arg as usize..(request.first_arg + request.arg_count) as usize]
    }

    /// Bytes that must arrive before the argument being read is whole, once its length is known; a hint for
    /// the size of the next read.
    pub fn bytes_missing(&self, buffer_len: usize) -> usize {
        self.bulk_length.map_or(0, |length| (self.position + length + 2).saturating_sub(buffer_len))
    }

    /// Reads complete requests from `buffer` until it holds no more or the batch has `batch_max`.
    ///
    /// `buffer` must be the bytes of earlier calls, minus what [`release`](Self::release) took, plus new ones.
    /// Offsets are 32-bit: the caller keeps `buffer` below 4 GiB (`client-query-buffer-limit`). After an error
    /// the batch still holds the requests in front of it; the parser must not be used again.
    pub fn parse(&mut self, buffer: &mut [u8], limits: RequestLimits, batch_max: usize) -> Result<(), ProtocolError> {
        while self.requests.len() < batch_max {
            if self.args_missing == 0 {
                if limits.any_short() && self.plain(buffer) {
                    continue;
                }
                let Some(&first) = buffer.get(self.position) else { break };
                self.request_start = self.position;
                if first != b'*' {
                    match self.inline(buffer)? {
                        Progress::Done => continue,
                        Progress::NeedMore => break,
                    }
                }
                match self.count_line(buffer, limits)? {
                    Progress::Done if self.args_missing == 0 => continue,
                    Progress::Done => {}
                    Progress::NeedMore => break,
                }
            }
            match self.bulks(buffer, limits)? {
                Progress::Done => self.finish_request(false),
                Progress::NeedMore => break,
            }
        }
        Ok(())
    }

    /// Forgets the batch, so that the next one can be parsed; nothing moves in the buffer.
    #[inline]
    pub fn next_batch(&mut self) {
        if self.complete_args == self.args.len() {
            self.args.clear();
        } else if self.complete_args > 0 {
            self.args.drain(..self.complete_args);
        }
        if self.apart.complete_count() > 0 {
            for arg in self.args.iter_mut().filter(|arg| arg.start == APART) {
                arg.end -= self.apart.complete_count() as u32;
            }
            self.apart.drop_complete();
        }
        self.complete_args = 0;
        self.requests.clear();
    }

    /// Forgets the batch and says how many bytes at the front of the buffer are no longer needed; the caller
    /// must remove exactly those before the next `parse`.
    pub fn release(&mut self) -> usize {
        self.next_batch();
        let partial = self.args_missing > 0;
        let consumed = if partial { self.request_start } else { self.position };
        if consumed > 0 {
            for arg in self.args.iter_mut().filter(|arg| arg.start != APART) {
                arg.start -= consumed as u32;
                arg.end -= consumed as u32;
            }
            self.position -= consumed;
            self.request_start = 0;
        }
        consumed
    }

    /// As [`release`](Self::release), and removes what is no longer needed from `buffer`: also what is kept apart.
    pub fn release_from(&mut self, buffer: &mut Vec<u8>) {
        let consumed = if let Some(&mut start) = self.apart.start() {
            buffer.drain(start..self.position);
            self.position = start;
            let consumed = self.release();
            if let Some(start) = self.apart.start() {
                *start -= consumed;
            }
            consumed
        } else {
            self.release()
        };
        if consumed == buffer.len() {
            buffer.clear();
        } else if consumed > 0 {
            buffer.drain(..consumed);
        }
    }

    /// Gives back memory that an unusually large request made the parser keep.
    pub fn shrink(&mut self) {
        if self.args.is_empty() && self.args.capacity() > 4096 {
            self.args = Vec::new();
        }
    }

    fn finish_request(&mut self, inline: bool) {
        self.requests.push(RequestSpan {
            first_arg: self.complete_args as u32,
            arg_count: (self.args.len() - self.complete_args) as u32,
            start: self.request_start as u32,
            end: self.position as u32,
            inline,
        });
        self.complete_args = self.args.len();
        self.apart.complete();
    }

    /// Takes a whole request of few, short arguments, as nearly all are, with no word about how far it came. False: nothing
    /// has happened, it is for [`count_line`](Self::count_line) and [`bulks`](Self::bulks) to take or to refuse.
    #[inline(always)]
    fn plain(&mut self, buffer: &[u8]) -> bool {
        let start = self.position;
        let Some((count, mut at)) = short_line(buffer, start, b'*') else { return false };
        if count == 0 || self.apart.is_filling() {
            return false;
        }
        let first = self.args.len();
        for _ in 0..count {
            let end = match short_line(buffer, at, b'$') {
                Some((length, begin)) if begin + length + 2 <= buffer.len() => {
                    self.args.push(ArgRange { start: begin as u32, end: (begin + length) as u32 });
                    begin + length + 2
                }
                _ => {
                    self.args.truncate(first);
                    return false;
                }
            };
            at = end;
        }
        self.request_start = start;
        self.position = at;
        self.requests.push(RequestSpan {
            first_arg: first as u32,
            arg_count: count as u32,
            start: start as u32,
            end: at as u32,
            inline: false,
        });
        self.complete_args = self.args.len();
        true
    }

    /// `*count\r\n`.
    fn count_line(&mut self, buffer: &[u8], limits: RequestLimits) -> Result<Progress, ProtocolError> {
        let Some((number, next)) = length_line(buffer, self.position) else {
            return unfinished_line(buffer, self.position, ProtocolError::CountTooLong);
        };
        let count = number.filter(|count| *count <= ARGS_MAX).ok_or(ProtocolError::InvalidCount)?;
        if count > UNAUTHENTICATED_ARGS_MAX && limits.unauthenticated {
            return Err(ProtocolError::UnauthenticatedCount);
        }
        self.position = next;
        self.args_missing = count.max(0);
        Ok(Progress::Done)
    }

    /// `$length\r\nbytes\r\n`, as often as arguments are missing.
    fn bulks(&mut self, buffer: &[u8], limits: RequestLimits) -> Result<Progress, ProtocolError> {
        while self.args_missing > 0 {
            let length = match self.bulk_length {
                Some(length) => length,
                None => {
                    // The line's end is sought before its first byte is judged, as the reference does.
                    let Some((number, next)) = length_line(buffer, self.position) else {
                        // An empty line is whole, and no length.
                        return match buffer.get(self.position..self.position + 2) {
                            Some([b'\r', _]) => Err(ProtocolError::ExpectedDollar(b'\r')),
                            _ => unfinished_line(buffer, self.position, ProtocolError::LengthTooLong),
                        };
                    };
                    if buffer[self.position] != b'$' {
                        return Err(ProtocolError::ExpectedDollar(buffer[self.position]));
                    }
                    let length = number
                        .filter(|length| *length >= 0 && *length as u64 <= limits.bulk_bytes_max)
                        .ok_or(ProtocolError::InvalidLength)?;
                    if length > UNAUTHENTICATED_BULK_BYTES_MAX && limits.unauthenticated {
                        return Err(ProtocolError::UnauthenticatedLength);
                    }
                    self.position = next;
                    self.bulk_length = Some(length as usize);
                    length as usize
                }
            };
            if buffer.len() - self.position < length + 2 || self.apart.is_filling() {
                if self.keep_apart(buffer, length) {
                    continue;
                }
                return Ok(Progress::NeedMore);
            }
            let start = self.position as u32;
            self.args.push(ArgRange { start, end: start + length as u32 });
            self.position += length + 2;
            self.bulk_length = None;
            self.args_missing -= 1;
        }
        Ok(Progress::Done)
    }

    /// Takes what there is of a long argument out of the buffer; true when that makes it whole.
    #[cold]
    fn keep_apart(&mut self, buffer: &[u8], length: usize) -> bool {
        if !self.keeps_apart || length < APART_BYTES_MIN {
            return false;
        }
        let (taken, whole) = self.apart.fill(buffer, self.position, length);
        self.position += taken;
        let Some(index) = whole else { return false };
        self.args.push(ArgRange { start: APART, end: index as u32 });
        self.bulk_length = None;
        self.args_missing -= 1;
        true
    }

    /// A line of words; quoting as in `redis-cli`. An empty line is no request.
    fn inline(&mut self, buffer: &mut [u8]) -> Result<Progress, ProtocolError> {
        let Some(length) = memchr::memchr(b'\n', &buffer[self.position..]) else {
            return if buffer.len() - self.position > INLINE_BYTES_MAX {
                Err(ProtocolError::InlineTooBig)
            } else {
                Ok(Progress::NeedMore)
            };
        };
        let start = self.position;
        let mut end = start + length;
        if end > start && buffer[end - 1] == b'\r' {
            end -= 1;
        }
        split_words(buffer, start, end, &mut self.args)?;
        self.position = start + length + 1;
        if self.args.len() > self.complete_args {
            self.finish_request(true);
        }
        Ok(Progress::Done)
    }
}

#[derive(PartialEq, Eq)]
enum Progress {
    Done,
    NeedMore,
}

fn unfinished_line(buffer: &[u8], start: usize, error: ProtocolError) -> Result<Progress, ProtocolError> {
    if buffer.len() - start > INLINE_BYTES_MAX { Err(error) } else { Ok(Progress::NeedMore) }
}

/// Reads the number behind a type byte at `start`, up to `\r`, and where the next line begins; `None` while the
/// line (with the byte behind `\r`) is not whole. The number is `None` when it is none by the reference's
/// strict rules: optional minus, no leading zeros, nothing else.
#[inline(always)]
fn length_line(buffer: &[u8], start: usize) -> Option<(Option<i64>, usize)> {
    let digit = |byte: u8| i64::from(byte - b'0');
    // Almost every line is of one of these.
    match *buffer.get(start..)? {
        [_, a @ b'0'..=b'9', b'\r', _, ..] => Some((Some(digit(a)), start + 4)),
        [_, a @ b'1'..=b'9', b @ b'0'..=b'9', b'\r', _, ..] => Some((Some(digit(a) * 10 + digit(b)), start + 5)),
        _ => longer_line(buffer, start),
    }
}

/// A number below 10,000 without leading zeros behind the byte `kind` at `start`, and where the next line begins. `None`
/// also for what is no such line, or the end of the buffer. Whatever it is, at least two more bytes stand behind such a
/// line in a whole request.
#[inline(always)]
fn short_line(buffer: &[u8], start: usize, kind: u8) -> Option<(usize, usize)> {
    let line: &[u8; 6] = buffer.get(start..)?.first_chunk()?;
    let digit = |at: usize| usize::from(line[at].wrapping_sub(b'0'));
    if line[0] != kind || digit(1) > 9 {
        return None;
    }
    if line[2] == b'\r' {
        return Some((digit(1), start + 4));
    }
    if digit(1) == 0 || digit(2) > 9 {
        return None;
    }
    if line[3] == b'\r' {
        return Some((digit(1) * 10 + digit(2), start + 5));
    }
    if digit(3) > 9 {
        return None;
    }
    if line[4] == b'\r' {
        return Some((digit(1) * 100 + digit(2) * 10 + digit(3), start + 6));
    }
    let fourth = digit(4);
    (fourth <= 9 && line[5] == b'\r').then(|| (digit(1) * 1000 + digit(2) * 100 + digit(3) * 10 + fourth, start + 7))
}

fn longer_line(buffer: &[u8], start: usize) -> Option<(Option<i64>, usize)> {
    let digits = start + 1;
    let mut at = digits;
    let mut value: i64 = 0;
    while let Some(&byte) = buffer.get(at) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 || at - digits > 17 {
            break;
        }
        value = value * 10 + i64::from(digit);
        at += 1;
    }
    if buffer.get(at) == Some(&b'\r') && at > digits && (buffer[digits] != b'0' || at - digits == 1) {
        return (at + 1 < buffer.len()).then_some((Some(value), at + 2));
    }
    let end = digits + memchr::memchr(b'\r', buffer.get(digits..)?)?;
    if end + 1 >= buffer.len() {
        return None;
    }
    Some((strict_number(&buffer[digits..end]), end + 2))
}

fn strict_number(text: &[u8]) -> Option<i64> {
    let magnitude = text.strip_prefix(b"-").unwrap_or(text);
    let strict = match magnitude {
        b"0" => magnitude.len() == text.len(),
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if !strict {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// The words of a line, quoted as inline commands are; `None` when quotes do not close. O(its length).
pub fn words(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut buffer = line.to_vec();
    let mut ranges = Vec::new();
    split_words(&mut buffer, 0, line.len(), &mut ranges).ok()?;
    Some(ranges.into_iter().map(|range| range.of(&buffer, Apart::NONE).to_vec()).collect())
}

/// Splits `buffer[start..end]` into words, unquoting in place: a word never becomes longer than it stands.
fn split_words(buffer: &mut [u8], start: usize, end: usize, args: &mut Vec<ArgRange>) -> Result<(), ProtocolError> {
    // The reference reads the line as a C string: it ends at the first NUL.
    let end = memchr::memchr(0, &buffer[start..end]).map_or(end, |nul| start + nul);
    let mut read = start;
    loop {
        while read < end && is_space(buffer[read]) {
            read += 1;
        }
        if read >= end {
            return Ok(());
        }
        let word = read;
        let mut write = read;
        while read < end && !is_space(buffer[read]) {
            match buffer[read] {
                quote @ (b'"' | b'\'') => {
                    (read, write) = unquote(buffer, read + 1, write, end, quote)?;
                    if read < end && !is_space(buffer[read]) {
                        return Err(ProtocolError::UnbalancedQuotes);
                    }
                }
                byte => {
                    buffer[write] = byte;
                    write += 1;
                    read += 1;
                }
            }
        }
        args.push(ArgRange { start: word as u32, end: write as u32 });
    }
}

/// Copies a quoted run to `write`; answers where reading and writing go on, behind the closing quote.
fn unquote(
    buffer: &mut [u8],
    mut read: usize,
    mut write: usize,
    end: usize,
    quote: u8,
) -> Result<(usize, usize), ProtocolError> {
    while read < end {
        let byte = buffer[read];
        let (value, length) = match byte {
            _ if byte == quote => return Ok((read + 1, write)),
            b'\\' if quote == b'"' && read + 1 < end => escape(&buffer[read..end]),
            b'\\' if quote == b'\'' && buffer[read..end].starts_with(b"\\'") => (b'\'', 2),
            _ => (byte, 1),
        };
        buffer[write] = value;
        write += 1;
        read += length;
    }
    Err(ProtocolError::UnbalancedQuotes)
}

/// The byte an escape at the start of `text` (a backslash and at least one more byte) stands for, and its length.
fn escape(text: &[u8]) -> (u8, usize) {
    let hex = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    if let [_, b'x', high, low, ..] = *text
        && let (Some(high), Some(low)) = (hex(high), hex(low))
    {
        return (high << 4 | low, 4);
    }
    let value = match text[1] {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 8,
        b'a' => 7,
        other => other,
    };
    (value, 2)
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

#[cfg(test)]
mod tests;
