//! A field and its value in one allocation: one cache miss where two boxes have two.

use crate::store::value::listpack::Elem;

/// First byte when the length of the field stands in the eight bytes behind it.
const LONG: u8 = u8::MAX;

/// `[length of the field: 1 byte, or LONG and 8 bytes][field][value]`.
#[derive(Clone, Debug, Default)]
pub struct Pair(Box<[u8]>);

impl Pair {
    /// Copies field and value.
    pub fn new(field: &[u8], value: &[u8]) -> Pair {
        let mut bytes = Vec::with_capacity(head_bytes(field.len()) + field.len() + value.len());
        match u8::try_from(field.len()) {
            Ok(len) if len != LONG => bytes.push(len),
            _ => {
                bytes.push(LONG);
                bytes.extend_from_slice(&(field.len() as u64).to_le_bytes());
            }
        }
        bytes.extend_from_slice(field);
        bytes.extend_from_slice(value);
        Pair(bytes.into_boxed_slice())
    }

    /// Where the field begins and ends.
    #[inline]
    fn field_range(&self) -> (usize, usize) {
        match *self.0 {
            // What a free place holds.
            [] => (0, 0),
            [LONG, a, b, c, d, e, f, g, h, ..] => (9, 9 + u64::from_le_bytes([a, b, c, d, e, f, g, h]) as usize),
            [len, ..] => (1, 1 + usize::from(len)),
        }
    }

    /// The field.
    #[inline]
    pub fn field(&self) -> &[u8] {
        let (start, end) = self.field_range();
        &self.0[start..end]
    }

    /// The value.
    #[inline]
    pub fn value(&self) -> &[u8] {
        &self.0[self.field_range().1..]
    }

    /// Both, as a packed hash hands them out.
    #[inline]
    pub fn elems(&self) -> (Elem<'_>, Elem<'_>) {
        let (start, end) = self.field_range();
        (Elem::Bytes(&self.0[start..end]), Elem::Bytes(&self.0[end..]))
    }

    /// Puts another value in place of its own; without an allocation if it is as long.
    pub fn set_value(&mut self, value: &[u8]) {
        let (_, end) = self.field_range();
        let own = &mut self.0[end..];
        if own.len() == value.len() {
            own.copy_from_slice(value);
        } else {
            *self = Pair::new(self.field(), value);
        }
    }

    /// Bytes allocated.
    pub fn allocated_bytes(&self) -> usize {
        self.0.len()
    }

    /// Where its bytes begin.
    pub fn address(&self) -> *const u8 {
        self.0.as_ptr()
    }
}

fn head_bytes(field_bytes: usize) -> usize {
    if field_bytes < LONG.into() { 1 } else { 9 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_values_of_any_length_come_back() {
        for field_bytes in [0, 1, 254, 255, 256, 70_000] {
            let field = vec![b'f'; field_bytes];
            let mut pair = Pair::new(&field, b"value");
            assert_eq!((pair.field(), pair.value()), (&field[..], &b"value"[..]));
            for value in [&b"other"[..], b"", b"longer than before"] {
                pair.set_value(value);
                assert_eq!(pair.elems(), (Elem::Bytes(&field), Elem::Bytes(value)));
            }
        }
        assert_eq!((Pair::default().field(), Pair::default().value()), (&b""[..], &b""[..]));
    }
}
