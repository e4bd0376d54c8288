//! Requests and replies on the wire, and the keys and values that `sidebyside/resp.py` knows too.

use std::io::Write;

/// One reply. Arrays are not asked for.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub enum Reply<'a> {
    /// `+OK`
    Status(&'a [u8]),
    /// `-ERR …`
    Error(&'a [u8]),
    /// `:1`
    Integer(i64),
    /// `$3`, or the null of `$-1`
    Bulk(Option<&'a [u8]>),
}

/// The first reply in `input` and its length; `None` when it is not all there.
pub fn parse(input: &[u8]) -> Result<Option<(Reply<'_>, usize)>, String> {
    let Some(end) = input.windows(2).position(|pair| pair == b"\r\n") else {
        return Ok(None);
    };
    let (line, after) = (&input[1..end], end + 2);
    let number = || -> Result<i64, String> {
        let text = std::str::from_utf8(line).ok().and_then(|text| text.parse().ok());
        text.ok_or_else(|| format!("not a number: {}", line.escape_ascii()))
    };
    Ok(Some(match input[0] {
        b'+' => (Reply::Status(line), after),
        b'-' => (Reply::Error(line), after),
        b':' => (Reply::Integer(number()?), after),
        b'$' => match usize::try_from(number()?) {
            Err(_) => (Reply::Bulk(None), after),
            Ok(length) if input.len() < after + length + 2 => return Ok(None),
            Ok(length) => (Reply::Bulk(Some(&input[after..after + length])), after + length + 2),
        },
        other => return Err(format!("not a reply of RESP2 that was asked for: {other:#x}")),
    }))
}

/// Appends the request's head: how many arguments follow.
pub fn begin(out: &mut Vec<u8>, arguments: usize) {
    write!(out, "*{arguments}\r\n").expect("a vector takes all");
}

/// Appends one argument.
pub fn argument(out: &mut Vec<u8>, data: &[u8]) {
    write!(out, "${}\r\n", data.len()).expect("a vector takes all");
    out.extend_from_slice(data);
    out.extend_from_slice(b"\r\n");
}

/// Appends a whole request.
pub fn request(out: &mut Vec<u8>, arguments: &[&[u8]]) {
    begin(out, arguments.len());
    for data in arguments {
        argument(out, data);
    }
}

/// `PREFIX` and twelve digits: with `key:` the 16 bytes that redis-benchmark makes of `key:__rand_int__`.
pub fn key(prefix: &str, number: u64) -> Vec<u8> {
    format!("{prefix}{number:012}").into_bytes()
}

/// The value that belongs to a key's number: differs from key to key.
pub fn value(number: u64, bytes: usize) -> Vec<u8> {
    format!("v{number:012}.").into_bytes().into_iter().cycle().take(bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_read_only_when_all_of_it_is_there() {
        let whole = b"$5\r\nab\r\nc\r\n:-7\r\n";
        for length in 0..11 {
            assert_eq!(parse(&whole[..length]), Ok(None), "{length} bytes");
        }
        assert_eq!(parse(whole), Ok(Some((Reply::Bulk(Some(b"ab\r\nc")), 11))));
        assert_eq!(parse(&whole[11..]), Ok(Some((Reply::Integer(-7), 5))));
        assert_eq!(parse(b"$-1\r\n"), Ok(Some((Reply::Bulk(None), 5))));
        assert_eq!(parse(b"-ERR no\r\n"), Ok(Some((Reply::Error(b"ERR no"), 9))));
        assert!(parse(b"*1\r\n").is_err());
    }

    #[test]
    fn keys_and_values_are_those_of_the_python_side() {
        assert_eq!(key("key:", 42), b"key:000000000042");
        assert_eq!(value(42, 20), b"v000000000042.v00000");
    }
}
