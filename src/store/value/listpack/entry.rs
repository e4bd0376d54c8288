//! One element of a listpack: what its text is stored as, and how its bytes are read and written.
//!
//! An element is its encoding, its data and its back length. Nothing here knows of the buffer around it, apart from
//! offsets into it; that these are starts of elements is the listpack's promise.

const INT16: u8 = 0xF1;
const INT24: u8 = 0xF2;
const INT32: u8 = 0xF3;
const INT64: u8 = 0xF4;
const STR32: u8 = 0xF0;

/// One element as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Elem<'a> {
    /// Text that is exactly how this number prints.
    Int(i64),
    /// Anything else.
    Bytes(&'a [u8]),
}

impl<'a> Elem<'a> {
    /// The element that `bytes` is stored as.
    pub fn from_bytes(bytes: &'a [u8]) -> Elem<'a> {
        integer(bytes).map_or(Elem::Bytes(bytes), Elem::Int)
    }

    /// Bytes of the element's text.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        match self {
            Elem::Int(n) => itoa::Buffer::new().format(*n).len(),
            Elem::Bytes(bytes) => bytes.len(),
        }
    }

    /// Whether the element's text is `bytes`. A search over many elements parses once: [`Needle`].
    pub fn eq_bytes(&self, bytes: &[u8]) -> bool {
        Needle::new(bytes).is(self)
    }

    /// Appends the element's text to `out`.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        match self {
            Elem::Int(n) => out.extend_from_slice(itoa::Buffer::new().format(*n).as_bytes()),
            Elem::Bytes(bytes) => out.extend_from_slice(bytes),
        }
    }

    /// The element's text, owned.
    pub fn to_vec(&self) -> Vec<u8> {
        match self {
            Elem::Int(n) => itoa::Buffer::new().format(*n).as_bytes().to_vec(),
            Elem::Bytes(bytes) => bytes.to_vec(),
        }
    }

    /// The element's text; `buf` is where a number is printed.
    pub fn as_bytes<'b>(&self, buf: &'b mut [u8; 20]) -> &'b [u8]
    where
        'a: 'b,
    {
        match self {
            Elem::Int(n) => {
                let mut digits = itoa::Buffer::new();
                let text = digits.format(*n).as_bytes();
                let out = &mut buf[..text.len()];
                out.copy_from_slice(text);
                out
            }
            Elem::Bytes(bytes) => bytes,
        }
    }
}

/// Text looked for among many elements.
#[derive(Clone, Copy, Debug)]
pub struct Needle<'a> {
    bytes: &'a [u8],
    number: Option<i64>,
}

impl<'a> Needle<'a> {
    /// Looks for elements whose text is `bytes`.
    pub fn new(bytes: &'a [u8]) -> Needle<'a> {
        Needle { bytes, number: integer(bytes) }
    }

    /// Whether `elem` is it. A number that arrived stored as text counts too.
    pub fn is(&self, elem: &Elem<'_>) -> bool {
        match elem {
            Elem::Int(n) => self.number == Some(*n),
            Elem::Bytes(own) => *own == self.bytes,
        }
    }
}

/// The number that prints exactly as `bytes`: no sign but `-`, no leading zero, no `-0`, no spaces, within `i64`.
/// O(length), at most 20 bytes are looked at.
#[inline]
pub fn integer(bytes: &[u8]) -> Option<i64> {
    let (negative, digits) = match bytes {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, bytes),
    };
    match digits {
        [b'0'] if !negative => return Some(0),
        [b'1'..=b'9', ..] if digits.len() <= 19 => {}
        _ => return None,
    }
    // 19 digits always fit in u64.
    let mut magnitude: u64 = 0;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        magnitude = magnitude * 10 + u64::from(digit - b'0');
    }
    if negative { 0i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
}

/// Bytes before an element's data, by its first byte; `None` when that starts no element.
pub(super) fn head_bytes(entry: &[u8]) -> Option<usize> {
    match *entry.first()? {
        0..=0xBF => Some(1),
        0xC0..=0xDF => Some(2),
        0xE0..=0xEF => Some(2),
        STR32 => Some(5),
        INT16..=INT64 => Some(1),
        _ => None,
    }
}

/// Bytes of encoding and data, which must not be cut short before the length they carry.
pub(super) fn body_bytes(entry: &[u8]) -> Option<usize> {
    Some(match *entry.first()? {
        0..=0x7F => 1,
        first @ 0x80..=0xBF => 1 + usize::from(first & 0x3F),
        0xC0..=0xDF => 2,
        first @ 0xE0..=0xEF => 2 + (usize::from(first & 0x0F) << 8 | usize::from(entry[1])),
        STR32 => 5 + u32::from_le_bytes([entry[1], entry[2], entry[3], entry[4]]) as usize,
        INT16 => 3,
        INT24 => 4,
        INT32 => 5,
        INT64 => 9,
        _ => return None,
    })
}

/// Bytes of the element at `at`, back length included.
pub(super) fn entry_bytes(buf: &[u8], at: usize) -> usize {
    let body = body_bytes(&buf[at..]).expect("positions are starts of elements");
    body + back_len_bytes(body)
}

/// The element at `at` and its bytes, back length included.
#[inline(always)]
pub(super) fn decode(buf: &[u8], at: usize) -> (Elem<'_>, usize) {
    let entry = &buf[at..];
    // Strings of up to 4,095 bytes and the shortest numbers first: most of what small collections hold.
    match entry[0] {
        first @ 0x80..=0xBF => {
            let body = 1 + usize::from(first & 0x3F);
            (Elem::Bytes(&entry[1..body]), body + 1)
        }
        first @ 0xE0..=0xEF => {
            let body = 2 + (usize::from(first & 0x0F) << 8 | usize::from(entry[1]));
            (Elem::Bytes(&entry[2..body]), body + if body < 128 { 1 } else { 2 })
        }
        first @ 0..=0x7F => (Elem::Int(i64::from(first)), 2),
        _ => decode_rare(entry),
    }
}

#[inline(never)]
fn decode_rare(entry: &[u8]) -> (Elem<'_>, usize) {
    match *entry {
        [first @ 0xC0..=0xDF, low, ..] => {
            let raw = u16::from(first & 0x1F) << 8 | u16::from(low);
            // 13 bits: shift the sign up to bit 15 and back.
            (Elem::Int(i64::from((raw << 3) as i16 >> 3)), 3)
        }
        [INT16, a, b, ..] => (Elem::Int(i64::from(i16::from_le_bytes([a, b]))), 4),
        // 24 bits: the low byte is shifted in and out again, for the sign.
        [INT24, a, b, c, ..] => (Elem::Int(i64::from(i32::from_le_bytes([0, a, b, c]) >> 8)), 5),
        [INT32, a, b, c, d, ..] => (Elem::Int(i64::from(i32::from_le_bytes([a, b, c, d]))), 6),
        [INT64, a, b, c, d, e, f, g, h, ..] => (Elem::Int(i64::from_le_bytes([a, b, c, d, e, f, g, h])), 10),
        _ => {
            let body = body_bytes(entry).expect("positions are starts of elements");
            (Elem::Bytes(&entry[5..body]), body + back_len_bytes(body))
        }
    }
}

/// Where the element starts that ends before `end`.
pub(super) fn start_before(buf: &[u8], end: usize) -> usize {
    let (mut body, mut shift, mut at) = (0usize, 0, end - 1);
    loop {
        body |= usize::from(buf[at] & 0x7F) << shift;
        // Five bytes hold every length below 4 GiB.
        if buf[at] & 0x80 == 0 || shift == 28 {
            return at - body;
        }
        shift += 7;
        at -= 1;
    }
}

/// Bytes that the back length of a `body` takes. The bounds are the reference's, off by one but shared by every dump.
fn back_len_bytes(body: usize) -> usize {
    match body {
        0..=127 => 1,
        128..16_383 => 2,
        16_383..2_097_151 => 3,
        2_097_151..268_435_455 => 4,
        _ => 5,
    }
}

/// The back length: groups of 7 bits, the highest first, every byte but the first marked.
pub(super) fn back_len(body: usize) -> ([u8; 5], usize) {
    let bytes = back_len_bytes(body);
    let mut out = [0; 5];
    for (i, slot) in out[..bytes].iter_mut().enumerate() {
        let group = (body >> (7 * (bytes - 1 - i)) & 0x7F) as u8;
        *slot = if i == 0 { group } else { group | 0x80 };
    }
    (out, bytes)
}

/// What surrounds an element's text: encoding before (numbers: all of it), back length behind.
pub(super) struct Frame {
    head: [u8; 9],
    head_bytes: usize,
    back: [u8; 5],
    back_bytes: usize,
    body_bytes: usize,
}

impl Frame {
    pub(super) fn new(elem: &Elem<'_>) -> Frame {
        let mut head = [0; 9];
        let (head_bytes, data_bytes) = match elem {
            Elem::Int(n) => (encode_int(*n, &mut head), 0),
            Elem::Bytes(bytes) => (encode_str_len(bytes.len(), &mut head), bytes.len()),
        };
        let body_bytes = head_bytes + data_bytes;
        let (back, back_bytes) = back_len(body_bytes);
        Frame { head, head_bytes, back, back_bytes, body_bytes }
    }

    pub(super) fn bytes(&self) -> usize {
        self.body_bytes + self.back_bytes
    }

    pub(super) fn append(&self, elem: &Elem<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.head[..self.head_bytes]);
        if let Elem::Bytes(bytes) = elem {
            out.extend_from_slice(bytes);
        }
        out.extend_from_slice(&self.back[..self.back_bytes]);
    }

    pub(super) fn write(&self, elem: &Elem<'_>, out: &mut [u8]) {
        out[..self.head_bytes].copy_from_slice(&self.head[..self.head_bytes]);
        if let Elem::Bytes(bytes) = elem {
            out[self.head_bytes..self.body_bytes].copy_from_slice(bytes);
        }
        out[self.body_bytes..self.bytes()].copy_from_slice(&self.back[..self.back_bytes]);
    }
}

fn encode_int(n: i64, head: &mut [u8; 9]) -> usize {
    let raw = n.to_le_bytes();
    let (code, bytes) = match n {
        0..=127 => {
            head[0] = raw[0];
            return 1;
        }
        -4096..=4095 => {
            head[0] = 0xC0 | raw[1] & 0x1F;
            head[1] = raw[0];
            return 2;
        }
        -0x8000..=0x7FFF => (INT16, 2),
        -0x80_0000..=0x7F_FFFF => (INT24, 3),
        -0x8000_0000..=0x7FFF_FFFF => (INT32, 4),
        _ => (INT64, 8),
    };
    head[0] = code;
    head[1..=bytes].copy_from_slice(&raw[..bytes]);
    1 + bytes
}

fn encode_str_len(len: usize, head: &mut [u8; 9]) -> usize {
    match len {
        0..64 => {
            head[0] = 0x80 | len as u8;
            1
        }
        64..4096 => {
            head[0] = 0xE0 | (len >> 8) as u8;
            head[1] = len as u8;
            2
        }
        _ => {
            let len = u32::try_from(len).expect("callers ask fits() first");
            head[0] = STR32;
            head[1..5].copy_from_slice(&len.to_le_bytes());
            5
        }
    }
}
