//! The reply writer: typed replies appended to a connection's output buffer, in RESP2 or RESP3.
//!
//! It allocates nothing of its own and never fails: bounding the buffer is the connection's business.

use super::replies::{Held, Replies};
use std::io::Write;
use std::sync::Arc;

/// The protocol version a client chose with HELLO.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Protocol {
    /// The default.
    #[default]
    Resp2,
    /// Maps, sets, doubles, nulls, pushes.
    Resp3,
}

/// Where an entry of [`HEADERS`] says how many of its bytes count.
const HEADER_BYTES: usize = 7;

/// What stands behind the kind of a header, by its number: digits and line end.
static HEADERS: [[u8; HEADER_BYTES + 1]; 512] = headers();

const fn headers() -> [[u8; HEADER_BYTES + 1]; 512] {
    let mut headers = [[0; HEADER_BYTES + 1]; 512];
    let mut number = 0;
    while number < headers.len() {
        let header = &mut headers[number];
        let mut at = 1;
        let mut unit = if number < 10 {
            1
        } else if number < 100 {
            10
        } else {
            100
        };
        while unit > 0 {
            header[at] = b'0' + (number / unit % 10) as u8;
            unit /= 10;
            at += 1;
        }
        header[at] = b'\r';
        header[at + 1] = b'\n';
        header[HEADER_BYTES] = at as u8 + 2;
        number += 1;
    }
    headers
}

/// Appends replies to a buffer.
pub struct Reply<'a> {
    buffer: &'a mut Vec<u8>,
    /// Where long values are held; none: they are copied.
    held: Option<&'a mut Held>,
    protocol: Protocol,
}

/// A place in the reply to which a header can be added later; see [`Reply::mark`].
#[derive(Clone, Copy, Debug)]
pub struct Mark(usize);

impl<'a> Reply<'a> {
    /// A writer that appends to `buffer`.
    #[inline]
    pub fn new(buffer: &'a mut Vec<u8>, protocol: Protocol) -> Reply<'a> {
        Reply { buffer, held: None, protocol }
    }

    /// A writer that appends to `replies` and holds the long values instead of copying them.
    #[inline]
    pub fn holding(replies: &'a mut Replies, protocol: Protocol) -> Reply<'a> {
        Reply { buffer: &mut replies.bytes, held: Some(&mut replies.held), protocol }
    }

    /// The version in which it writes.
    #[inline]
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Writes in another version from here on (HELLO answers in the version it chose).
    pub fn set_protocol(&mut self, protocol: Protocol) {
        self.protocol = protocol;
    }

    /// True for RESP3.
    #[inline]
    pub fn is_resp3(&self) -> bool {
        self.protocol == Protocol::Resp3
    }

    /// `+OK`.
    #[inline]
    pub fn ok(&mut self) {
        self.buffer.extend_from_slice(b"+OK\r\n");
    }

    /// A simple string; it must hold no line break.
    pub fn simple(&mut self, text: &str) {
        debug_assert!(!text.contains(['\r', '\n']));
        self.buffer.push(b'+');
        self.buffer.extend_from_slice(text.as_bytes());
        self.buffer.extend_from_slice(b"\r\n");
    }

    /// An error line as it stands (`ERR …`, `WRONGTYPE …`); line breaks at its end go, others become spaces.
    pub fn error(&mut self, line: &str) {
        self.error_line(line.as_bytes());
    }

    /// As [`Reply::error`], for a line that quotes bytes of a request.
    pub fn error_line(&mut self, line: &[u8]) {
        let end = line.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |last| last + 1);
        let line = &line[..end];
        self.buffer.push(b'-');
        self.buffer.extend(line.iter().map(|&byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { byte }));
        self.buffer.extend_from_slice(b"\r\n");
    }

    /// A bulk string.
    #[inline]
    pub fn bulk(&mut self, bytes: &[u8]) {
        self.buffer.reserve(bytes.len() + 32);
        self.header(b'$', bytes.len());
        self.buffer.extend_from_slice(bytes);
        self.buffer.extend_from_slice(b"\r\n");
    }

    /// A bulk string that others may hold too: it is not copied where replies can hold it until it is sent.
    pub fn bulk_shared(&mut self, value: &Arc<Vec<u8>>) {
        if self.held.is_none() {
            return self.bulk(value);
        }
        self.header(b'$', value.len());
        if let Some(held) = &mut self.held {
            held.push(self.buffer.len(), value);
        }
        self.buffer.extend_from_slice(b"\r\n");
    }

    /// An integer as a bulk string of its digits.
    pub fn bulk_int(&mut self, value: i64) {
        self.bulk(itoa::Buffer::new().format(value).as_bytes());
    }

    /// An integer.
    #[inline]
    pub fn int(&mut self, value: i64) {
        match usize::try_from(value) {
            Ok(count) if count < HEADERS.len() => self.header(b':', count),
            _ => self.long_int(value),
        }
    }

    fn long_int(&mut self, value: i64) {
        self.buffer.push(b':');
        self.buffer.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
        self.buffer.extend_from_slice(b"\r\n");
    }

    /// The null: a null bulk string in RESP2.
    #[inline]
    pub fn null(&mut self) {
        self.buffer.extend_from_slice(match self.protocol {
            Protocol::Resp2 => b"$-1\r\n",
            Protocol::Resp3 => b"_\r\n",
        });
    }

    /// The null where an array was due: a null array in RESP2.
    pub fn null_array(&mut self) {
        self.buffer.extend_from_slice(match self.protocol {
            Protocol::Resp2 => b"*-1\r\n",
            Protocol::Resp3 => b"_\r\n",
        });
    }

    /// The header of an array; `count` replies must follow.
    #[inline]
    pub fn array(&mut self, count: usize) {
        self.header(b'*', count);
    }

    /// The header of a map; `pairs` keys and values must follow. A flat array in RESP2.
    pub fn map(&mut self, pairs: usize) {
        match self.protocol {
            Protocol::Resp2 => self.header(b'*', pairs * 2),
            Protocol::Resp3 => self.header(b'%', pairs),
        }
    }

    /// The header of a set; `count` replies must follow. An array in RESP2.
    pub fn set(&mut self, count: usize) {
        self.header(if self.is_resp3() { b'~' } else { b'*' }, count);
    }

    /// The header of a push; `count` replies must follow. An array in RESP2.
    pub fn push(&mut self, count: usize) {
        self.header(if self.is_resp3() { b'>' } else { b'*' }, count);
    }

    /// A double with 17 significant digits; a bulk string in RESP2.
    pub fn double(&mut self, value: f64) {
        let text = Double::format(value);
        match self.protocol {
            Protocol::Resp2 => self.bulk(text.as_bytes()),
            Protocol::Resp3 => {
                self.buffer.push(b',');
                self.buffer.extend_from_slice(text.as_bytes());
                self.buffer.extend_from_slice(b"\r\n");
            }
        }
    }

    /// A boolean; `:1` or `:0` in RESP2.
    pub fn boolean(&mut self, value: bool) {
        match self.protocol {
            Protocol::Resp2 => self.int(i64::from(value)),
            Protocol::Resp3 => self.buffer.extend_from_slice(if value { b"#t\r\n" } else { b"#f\r\n" }),
        }
    }

    /// Text with a three-letter format (`txt`, `mkd`); a bulk string in RESP2.
    pub fn verbatim(&mut self, format: &str, text: &[u8]) {
        debug_assert_eq!(format.len(), 3);
        match self.protocol {
            Protocol::Resp2 => self.bulk(text),
            Protocol::Resp3 => {
                self.header(b'=', text.len() + 4);
                self.buffer.extend_from_slice(format.as_bytes());
                self.buffer.push(b':');
                self.buffer.extend_from_slice(text);
                self.buffer.extend_from_slice(b"\r\n");
            }
        }
    }

    /// A number of any length (digits with an optional minus); a bulk string in RESP2.
    pub fn big_number(&mut self, digits: &str) {
        match self.protocol {
            Protocol::Resp2 => self.bulk(digits.as_bytes()),
            Protocol::Resp3 => self.raw(format!("({digits}\r\n").as_bytes()),
        }
    }

    /// The header of an attribute of `pairs`, RESP3 only; the reply it describes must follow.
    pub fn attribute(&mut self, pairs: usize) {
        debug_assert!(self.is_resp3());
        self.header(b'|', pairs);
    }

    /// Bytes that are a reply already.
    pub fn raw(&mut self, reply: &[u8]) {
        self.buffer.extend_from_slice(reply);
    }

    /// Remembers where the reply stands, for [`array_at`](Self::array_at) and its like.
    pub fn mark(&self) -> Mark {
        Mark(self.buffer.len())
    }

    /// Puts an array's header in front of what was written since `mark`. Moves those bytes: O(their number).
    pub fn array_at(&mut self, mark: Mark, count: usize) {
        self.insert(mark, |reply| reply.array(count));
    }

    /// Puts a map's header in front of what was written since `mark`. O(bytes written since).
    pub fn map_at(&mut self, mark: Mark, pairs: usize) {
        self.insert(mark, |reply| reply.map(pairs));
    }

    /// Puts a set's header in front of what was written since `mark`. O(bytes written since).
    pub fn set_at(&mut self, mark: Mark, count: usize) {
        self.insert(mark, |reply| reply.set(count));
    }

    /// Drops what was written since `mark`.
    pub fn rewind(&mut self, mark: Mark) {
        self.buffer.truncate(mark.0);
        if let Some(held) = &mut self.held {
            held.truncate(mark.0);
        }
    }

    /// Number of bytes written since `mark`.
    pub fn written_since(&self, mark: Mark) -> usize {
        self.buffer.len() - mark.0 + self.held.as_ref().map_or(0, |held| held.bytes_from(mark.0))
    }

    fn insert(&mut self, mark: Mark, header: impl FnOnce(&mut Reply<'_>)) {
        let end = self.buffer.len();
        header(self);
        let length = self.buffer.len() - end;
        self.buffer[mark.0..].rotate_right(length);
        if let Some(held) = &mut self.held {
            held.shift(mark.0, length);
        }
    }

    /// Small counts, nearly all there are, come from a table and are written whole: no division, no call to copy them.
    #[inline]
    fn header(&mut self, kind: u8, count: usize) {
        let Some(&header) = HEADERS.get(count) else { return self.long_header(kind, count) };
        let mut header = header;
        header[0] = kind;
        let end = self.buffer.len() + usize::from(header[HEADER_BYTES]);
        self.buffer.extend_from_slice(&header);
        self.buffer.truncate(end);
    }

    #[cold]
    fn long_header(&mut self, kind: u8, count: usize) {
        self.buffer.push(kind);
        self.buffer.extend_from_slice(itoa::Buffer::new().format(count).as_bytes());
        self.buffer.extend_from_slice(b"\r\n");
    }
}

/// A double as C's `%.17g` writes it: what the reference sends and stores.
pub struct Double {
    text: [u8; 32],
    length: usize,
}

impl Double {
    /// Formats `value`. Infinities are `inf` and `-inf`.
    pub fn format(value: f64) -> Double {
        let mut double = Double { text: [0; 32], length: 0 };
        if value.is_infinite() {
            double.write(if value > 0.0 { b"inf" } else { b"-inf" });
        } else if value.is_nan() {
            double.write(if value.is_sign_negative() { b"-nan" } else { b"nan" });
        } else if value == value.trunc() && value.abs() < 1e17 && !(value == 0.0 && value.is_sign_negative()) {
            // Whole numbers below 17 digits need no rounding.
            double.write(itoa::Buffer::new().format(value as i64).as_bytes());
        } else {
            double.write_general(value);
        }
        double
    }

    /// Its text.
    pub fn as_bytes(&self) -> &[u8] {
        &self.text[..self.length]
    }

    fn write(&mut self, bytes: &[u8]) {
        self.text[self.length..self.length + bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len();
    }

    /// 17 significant digits, trailing zeros removed, exponent form below 1e-4 and from 1e17.
    fn write_general(&mut self, value: f64) {
        let mut scientific = [0u8; 40];
        let mut cursor = std::io::Cursor::new(&mut scientific[..]);
        write!(cursor, "{:.16e}", value.abs()).expect("40 bytes hold 17 digits and an exponent");
        let length = cursor.position() as usize;
        let split = memchr::memchr(b'e', &scientific[..length]).expect("the exponent form has an e");
        let exponent: i32 = std::str::from_utf8(&scientific[split + 1..length])
            .ok()
            .and_then(|text| text.parse().ok())
            .expect("an exponent is a number");
        let mut digits = [0u8; 17];
        digits[0] = scientific[0];
        digits[1..].copy_from_slice(&scientific[2..split]);
        let significant = digits.iter().rposition(|digit| *digit != b'0').map_or(1, |last| last + 1);
        let digits = &digits[..significant];
        if value.is_sign_negative() {
            self.write(b"-");
        }
        if (-4..17).contains(&exponent) {
            self.write_fixed(digits, exponent);
        } else {
            self.write(&digits[..1]);
            if digits.len() > 1 {
                self.write(b".");
                self.write(&digits[1..]);
            }
            self.write(if exponent < 0 { b"e-" } else { b"e+" });
            if exponent.abs() < 10 {
                self.write(b"0");
            }
            self.write(itoa::Buffer::new().format(exponent.abs()).as_bytes());
        }
    }

    fn write_fixed(&mut self, digits: &[u8], exponent: i32) {
        if exponent < 0 {
            self.write(b"0.");
            for _ in 1..-exponent {
                self.write(b"0");
            }
            self.write(digits);
            return;
        }
        let whole = exponent as usize + 1;
        if digits.len() <= whole {
            self.write(digits);
            for _ in digits.len()..whole {
                self.write(b"0");
            }
        } else {
            self.write(&digits[..whole]);
            self.write(b".");
            self.write(&digits[whole..]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(protocol: Protocol, write: impl FnOnce(&mut Reply<'_>)) -> String {
        let mut buffer = Vec::new();
        write(&mut Reply::new(&mut buffer, protocol));
        String::from_utf8(buffer).unwrap()
    }

    #[test]
    fn every_type_has_its_form_in_both_protocols() {
        fn all(reply: &mut Reply<'_>) {
            reply.null();
            reply.null_array();
            reply.map(1);
            reply.set(12);
            reply.double(0.1);
            reply.boolean(true);
            reply.verbatim("txt", b"hi");
            reply.error("ERR a\r\nb");
        }
        assert_eq!(
            written(Protocol::Resp2, all),
            "$-1\r\n*-1\r\n*2\r\n*12\r\n$19\r\n0.10000000000000001\r\n:1\r\n$2\r\nhi\r\n-ERR a  b\r\n"
        );
        assert_eq!(
            written(Protocol::Resp3, all),
            "_\r\n_\r\n%1\r\n~12\r\n,0.10000000000000001\r\n#t\r\n=6\r\ntxt:hi\r\n-ERR a  b\r\n"
        );
    }

    #[test]
    fn headers_of_any_length_say_it_in_decimal() {
        for count in (0..2000).chain([99_999, usize::MAX]) {
            assert_eq!(written(Protocol::Resp2, |reply| reply.array(count)), format!("*{count}\r\n"));
        }
    }

    #[test]
    fn a_header_can_be_put_in_front_afterwards() {
        let text = written(Protocol::Resp2, |reply| {
            reply.ok();
            let mark = reply.mark();
            reply.int(7);
            reply.int(-8);
            reply.array_at(mark, 2);
        });
        assert_eq!(text, "+OK\r\n*2\r\n:7\r\n:-8\r\n");
    }

    #[test]
    fn doubles_read_as_c_writes_them() {
        for (value, text) in [
            (3.0, "3"),
            (-0.0, "-0"),
            (0.5, "0.5"),
            (1e17, "1e+17"),
            (1e16, "10000000000000000"),
            (123456789.123, "123456789.123"),
            (0.00001, "1.0000000000000001e-05"),
            (0.0001, "0.0001"),
            (1.5e300, "1.5000000000000001e+300"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (5e-324, "4.9406564584124654e-324"),
        ] {
            assert_eq!(std::str::from_utf8(Double::format(value).as_bytes()), Ok(text));
        }
    }
}
