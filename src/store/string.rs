//! A string value as commands see it, whatever form it is kept in.

/// A string value as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Str<'e> {
    /// Encoding `int`.
    Int(i64),
    /// Encoding `embstr` or `raw`.
    Bytes(&'e [u8]),
}

impl<'e> Str<'e> {
    /// Its bytes; the digits of an integer are written to `digits`.
    #[inline]
    pub fn as_bytes<'b>(self, digits: &'b mut itoa::Buffer) -> &'b [u8]
    where
        'e: 'b,
    {
        match self {
            Str::Int(value) => digits.format(value).as_bytes(),
            Str::Bytes(bytes) => bytes,
        }
    }

    /// Length in bytes.
    pub fn len(self) -> usize {
        match self {
            Str::Int(value) => itoa::Buffer::new().format(value).len(),
            Str::Bytes(bytes) => bytes.len(),
        }
    }

    /// True for the empty string.
    pub fn is_empty(self) -> bool {
        self == Str::Bytes(b"")
    }

    /// A copy of its bytes.
    pub fn to_vec(self) -> Vec<u8> {
        self.as_bytes(&mut itoa::Buffer::new()).to_vec()
    }
}
