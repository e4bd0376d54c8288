//! How long a blocking command waits.

use super::Error;
use super::number::{parse_float, parse_int};

/// A timeout in seconds, which may have a fraction, as ms rounded up; `None` for 0: without end.
pub fn seconds(text: &[u8]) -> Result<Option<u64>, Error> {
    let seconds = parse_float(text).ok_or(Error::Static("ERR timeout is not a float or out of range"))?;
    let ms = (seconds * 1000.0).ceil();
    if ms >= i64::MAX as f64 {
        return Err(Error::Static("ERR timeout is out of range"));
    }
    bounded(ms as i64)
}

/// A timeout in whole ms; `None` for 0: without end.
pub fn milliseconds(text: &[u8]) -> Result<Option<u64>, Error> {
    bounded(parse_int(text).ok_or(Error::Static("ERR timeout is not an integer or out of range"))?)
}

fn bounded(ms: i64) -> Result<Option<u64>, Error> {
    match u64::try_from(ms) {
        Err(_) => Err(Error::Static("ERR timeout is negative")),
        // So that it can be added to the time.
        Ok(ms) if ms > i64::MAX as u64 / 2 => Err(Error::Static("ERR timeout is out of range")),
        Ok(ms) => Ok(Some(ms).filter(|ms| *ms > 0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_rounded_up_and_zero_is_without_end() {
        for (text, ms) in [("0", None), ("0.0", None), ("1", Some(1000)), ("0.0001", Some(1)), ("2.5", Some(2500))] {
            assert_eq!(seconds(text.as_bytes()), Ok(ms), "{text}");
        }
        for text in ["x", "", "nan", "1 "] {
            assert_eq!(
                seconds(text.as_bytes()),
                Err(Error::Static("ERR timeout is not a float or out of range")),
                "{text}"
            );
        }
        assert_eq!(seconds(b"-1"), Err(Error::Static("ERR timeout is negative")));
        assert_eq!(seconds(b"9223372036854775808"), Err(Error::Static("ERR timeout is out of range")));
        assert_eq!(milliseconds(b"5"), Ok(Some(5)));
        assert_eq!(milliseconds(b"1.5"), Err(Error::Static("ERR timeout is not an integer or out of range")));
    }
}
