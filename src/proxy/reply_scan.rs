//! Where a backend's reply ends: an incremental splitter over RESP2 and RESP3.
//!
//! It does not decode: the proxy forwards replies as the bytes they are. It needs no stack and no recursion,
//! because the end of a nested reply is known from one counter, the values still to come: a value takes one
//! off, an aggregate of `n` adds `n`. So nesting depth costs nothing, and a partial reply is resumed at
//! the element it stopped in: every byte is walked once.
//!
//! Bounds: a reply is at most [`REPLY_BYTES_MAX`], a line at most [`LINE_BYTES_MAX`]. Streamed aggregates and strings
//! (`*?`, `$?`), which no server sends unasked, are refused like any other unknown type.

use memchr::memchr;

/// Bytes of the longest reply taken from a backend, all its elements together.
pub const REPLY_BYTES_MAX: usize = 1 << 30;

/// Bytes of the longest simple string, error or number line.
pub const LINE_BYTES_MAX: usize = 1 << 20;

/// Digits of a length are few; a longer header is no RESP.
const HEADER_BYTES_MAX: usize = 32;

/// The backend's bytes are no reply, or one past the bounds: the link cannot be used any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrokenReply {
    /// An unknown type byte, a malformed length or a missing line end.
    #[error("the backend's bytes are no reply")]
    Malformed,
    /// Past [`REPLY_BYTES_MAX`] or [`LINE_BYTES_MAX`].
    #[error("the backend's reply is too long")]
    TooLong,
}

/// How far the reply at the front of a read buffer has been walked.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReplyScan {
    /// Offset of the element that was not complete.
    at: usize,
    /// No line end stands before this offset.
    searched: usize,
    /// Values still to come, the one at `at` included; 0: at the beginning of a reply.
    left: u64,
}

impl ReplyScan {
    /// The length of the reply that `buffer` begins with, or `None` when more bytes are needed.
    ///
    /// After `None`, call again with the same bytes and more behind them; after a length, with what follows that
    /// reply. O(bytes not walked yet).
    #[inline]
    pub fn next(&mut self, buffer: &[u8]) -> Result<Option<usize>, BrokenReply> {
        if self.left == 0 {
            *self = ReplyScan { at: 0, searched: 0, left: 1 };
        }
        loop {
            let Some(element) = self.element(buffer)? else { return Ok(None) };
            self.at = element.end;
            if self.at > REPLY_BYTES_MAX {
                return Err(BrokenReply::TooLong);
            }
            // An attribute stands before the value it describes and is none itself.
            let taken = u64::from(!element.attribute);
            self.left = (self.left - taken).checked_add(element.children).ok_or(BrokenReply::TooLong)?;
            if self.left == 0 {
                return Ok(Some(self.at));
            }
        }
    }

    /// The element at `self.at`, if all of it (for an aggregate: its header) is there.
    #[inline]
    fn element(&mut self, buffer: &[u8]) -> Result<Option<Element>, BrokenReply> {
        let at = self.at;
        let Some(&kind) = buffer.get(at) else { return Ok(None) };
        match kind {
            b'+' | b'-' | b':' | b'_' | b',' | b'#' | b'(' => {
                let Some(end) = self.line_end(buffer)? else { return Ok(None) };
                Ok(Some(Element { end, children: 0, attribute: false }))
            }
            b'$' | b'=' | b'!' => {
                let Some((length, body)) = header(buffer, at)? else { return Ok(None) };
                let Some(length) = length else {
                    return Ok(Some(Element { end: body, children: 0, attribute: false }));
                };
                if length > REPLY_BYTES_MAX as u64 {
                    return Err(BrokenReply::TooLong);
                }
                let end = body + length as usize + 2;
                match buffer.get(end - 2..end) {
                    None => Ok(None),
                    Some(b"\r\n") => Ok(Some(Element { end, children: 0, attribute: false })),
                    Some(_) => Err(BrokenReply::Malformed),
                }
            }
            b'*' | b'~' | b'>' | b'%' | b'|' => {
                let Some((count, end)) = header(buffer, at)? else { return Ok(None) };
                let per_entry = if kind == b'%' || kind == b'|' { 2 } else { 1 };
                let children = count.unwrap_or(0).checked_mul(per_entry).ok_or(BrokenReply::TooLong)?;
                Ok(Some(Element { end, children, attribute: kind == b'|' }))
            }
            _ => Err(BrokenReply::Malformed),
        }
    }

    /// Offset behind the line that begins at `self.at`.
    #[inline]
    fn line_end(&mut self, buffer: &[u8]) -> Result<Option<usize>, BrokenReply> {
        let from = self.searched.max(self.at + 1);
        let Some(found) = memchr(b'\n', &buffer[from..]) else {
            self.searched = buffer.len();
            return if buffer.len() - self.at > LINE_BYTES_MAX { Err(BrokenReply::TooLong) } else { Ok(None) };
        };
        let end = from + found + 1;
        if buffer[end - 2] != b'\r' { Err(BrokenReply::Malformed) } else { Ok(Some(end)) }
    }
}

struct Element {
    end: usize,
    children: u64,
    attribute: bool,
}

/// The number of a length header at `at` (`None`: -1, a null) and the offset behind it.
#[inline]
fn header(buffer: &[u8], at: usize) -> Result<Option<(Option<u64>, usize)>, BrokenReply> {
    let mut number = 0u64;
    let mut position = at + 1;
    let negative = buffer.get(position) == Some(&b'-');
    if negative {
        position += 1;
    }
    let digits_at = position;
    loop {
        match buffer.get(position) {
            None if position - at > HEADER_BYTES_MAX => return Err(BrokenReply::Malformed),
            None => return Ok(None),
            Some(digit @ b'0'..=b'9') => {
                number = number
                    .checked_mul(10)
                    .and_then(|tens| tens.checked_add(u64::from(digit - b'0')))
                    .ok_or(BrokenReply::Malformed)?;
                position += 1;
            }
            Some(b'\r') if position > digits_at => break,
            Some(_) => return Err(BrokenReply::Malformed),
        }
    }
    match buffer.get(position + 1) {
        None => Ok(None),
        Some(b'\n') if !negative => Ok(Some((Some(number), position + 2))),
        Some(b'\n') if number == 1 => Ok(Some((None, position + 2))),
        Some(_) => Err(BrokenReply::Malformed),
    }
}

/// The header of a complete reply that is an aggregate: its type byte, its entries (`None`: a null) and its body.
pub fn aggregate(reply: &[u8]) -> Option<(u8, Option<u64>, &[u8])> {
    let kind = *reply.first()?;
    if !matches!(kind, b'*' | b'~' | b'>' | b'%') {
        return None;
    }
    let (count, body) = header(reply, 0).ok()??;
    Some((kind, count, &reply[body..]))
}

/// The values in the body of a complete aggregate, each as its raw bytes.
pub fn values(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = body;
    std::iter::from_fn(move || {
        let length = ReplyScan::default().next(rest).ok()??;
        let (value, tail) = rest.split_at(length);
        rest = tail;
        Some(value)
    })
}

/// The integer a complete `:` reply carries.
pub fn integer(reply: &[u8]) -> Option<i64> {
    let digits = reply.strip_prefix(b":")?.strip_suffix(b"\r\n")?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The bytes that a complete bulk, verbatim or simple string carries; `None` for a null and all else.
pub fn string(reply: &[u8]) -> Option<&[u8]> {
    match *reply.first()? {
        b'+' => reply[1..].strip_suffix(b"\r\n"),
        b'$' => {
            let (length, body) = header(reply, 0).ok()??;
            reply.get(body..body + usize::try_from(length?).ok()?)
        }
        b'=' => {
            let (length, body) = header(reply, 0).ok()??;
            reply.get(body + 4..body + usize::try_from(length?).ok()?)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use redis_protocol::resp2::decode::decode_range as decode2;
    use redis_protocol::resp3::decode::complete::decode_range as decode3;

    /// The lengths of the replies in `bytes`, read in pieces of the given sizes.
    fn split(bytes: &[u8], mut piece: impl FnMut() -> usize) -> Result<Vec<usize>, BrokenReply> {
        let (mut scan, mut lengths, mut begin, mut end) = (ReplyScan::default(), Vec::new(), 0, 0);
        while end < bytes.len() {
            end = (end + piece().max(1)).min(bytes.len());
            while let Some(length) = scan.next(&bytes[begin..end])? {
                lengths.push(length);
                begin += length;
            }
        }
        Ok(lengths)
    }

    /// A random reply; `kinds` are the type bytes to choose from.
    fn reply(random: &mut fastrand::Rng, kinds: &[u8], depth: usize, out: &mut Vec<u8>) {
        let kind = loop {
            let kind = kinds[random.usize(..kinds.len())];
            if depth < 4 || !matches!(kind, b'*' | b'~' | b'%' | b'|') {
                break kind;
            }
        };
        out.push(kind);
        match kind {
            b'+' | b'-' => {
                for _ in 0..random.usize(1..20) {
                    out.push(random.u8(b' '..b'~'));
                }
                out.extend(b"\r\n");
            }
            b':' => out.extend(format!("{}\r\n", random.i64(..)).bytes()),
            b'(' => out.extend(b"3492890328409238509324850943850943825024385\r\n"),
            b',' => out.extend(format!("{}\r\n", random.f64()).bytes()),
            b'#' => out.extend(if random.bool() { b"t\r\n" } else { b"f\r\n" }),
            b'_' => out.extend(b"\r\n"),
            b'$' | b'!' | b'=' => {
                let text = if kind == b'=' { b"txt:".to_vec() } else { Vec::new() };
                let body: Vec<u8> = text.into_iter().chain((0..random.usize(0..30)).map(|_| random.u8(..))).collect();
                // redis-protocol wants UTF-8 in verbatim and blob errors' ranges no more than in bulks: bytes are bytes.
                out.extend(format!("{}\r\n", body.len()).bytes());
                out.extend(body);
                out.extend(b"\r\n");
            }
            _ => {
                let count = random.usize(0..5);
                out.extend(format!("{count}\r\n").bytes());
                for _ in 0..if kind == b'%' || kind == b'|' { 2 * count } else { count } {
                    reply(random, kinds, depth + 1, out);
                }
                if kind == b'|' {
                    reply(random, kinds, depth + 1, out);
                }
            }
        }
    }

    #[test]
    fn splitting_at_random_bytes_agrees_with_redis_protocol() {
        let seed = fastrand::u64(..);
        println!("seed {seed}");
        let mut random = fastrand::Rng::with_seed(seed);
        for round in 0..2_000 {
            let (kinds, resp3): (&[u8], bool) =
                if round % 2 == 0 { (b"+-:$*", false) } else { (b"+-:$*_,#(=!%~", true) };
            let (mut bytes, mut lengths) = (Vec::new(), Vec::new());
            for _ in 0..random.usize(1..5) {
                let begin = bytes.len();
                reply(&mut random, kinds, 0, &mut bytes);
                let frame = bytes::Bytes::copy_from_slice(&bytes[begin..]);
                let oracle = if resp3 {
                    decode3(&frame).map(|found| found.map(|(_, length)| length))
                } else {
                    decode2(&frame).map(|found| found.map(|(_, length)| length))
                };
                // The oracle refuses some random bytes (maps with unhashable keys, say); its lengths are believed.
                if let Ok(Some(length)) = oracle {
                    assert_eq!(length, frame.len());
                }
                lengths.push(bytes.len() - begin);
            }
            assert_eq!(
                split(&bytes, || random.usize(1..20)).unwrap(),
                lengths,
                "{:?}",
                bytes.escape_ascii().to_string()
            );
            assert_eq!(split(&bytes, || 1).unwrap(), lengths);
            assert_eq!(split(&bytes, || usize::MAX / 2).unwrap(), lengths);
        }
    }

    #[test]
    fn an_attribute_belongs_to_the_reply_behind_it() {
        let bytes = b"|1\r\n+ttl\r\n:3600\r\n$2\r\nab\r\n:1\r\n";
        assert_eq!(split(bytes, || 1).unwrap(), [bytes.len() - 4, 4]);
    }

    #[test]
    fn nulls_of_both_protocols_are_whole_replies() {
        assert_eq!(split(b"$-1\r\n*-1\r\n_\r\n*0\r\n", || 1).unwrap(), [5, 5, 3, 4]);
    }

    #[test]
    fn deep_nesting_takes_neither_stack_nor_memory() {
        let mut bytes = b"*1\r\n".repeat(100_000);
        bytes.extend(b":1\r\n");
        assert_eq!(split(&bytes, || 7).unwrap(), [bytes.len()]);
    }

    #[test]
    fn what_is_no_reply_breaks_the_link() {
        for bytes in
            [&b"x\r\n"[..], b"$a\r\n", b"$-2\r\n", b"$1\r\nabcd", b"+a\n", b"*\r\n", b"$?\r\n", b"\r\n", b"*1\rx"]
        {
            assert_eq!(split(bytes, || 1), Err(BrokenReply::Malformed), "{}", bytes.escape_ascii());
        }
        let long = [b"$", "9".repeat(40).as_bytes()].concat();
        assert_eq!(split(&long, || 1), Err(BrokenReply::Malformed));
        assert_eq!(split(b"$1073741825\r\n", || 1), Err(BrokenReply::TooLong));
        assert_eq!(split(&[b'+'; LINE_BYTES_MAX + 2], || 65_536), Err(BrokenReply::TooLong));
    }

    #[test]
    fn values_and_their_contents_are_found() {
        let (kind, count, body) = aggregate(b"*3\r\n$1\r\na\r\n*1\r\n:7\r\n$-1\r\n").unwrap();
        assert_eq!((kind, count), (b'*', Some(3)));
        let found: Vec<&[u8]> = values(body).collect();
        assert_eq!(found, [&b"$1\r\na\r\n"[..], b"*1\r\n:7\r\n", b"$-1\r\n"]);
        assert_eq!((string(found[0]), string(found[2])), (Some(&b"a"[..]), None));
        assert_eq!((integer(b":-12\r\n"), integer(b":1x\r\n")), (Some(-12), None));
        assert_eq!((string(b"+OK\r\n"), string(b"=6\r\ntxt:ab\r\n")), (Some(&b"OK"[..]), Some(&b"ab"[..])));
    }
}
