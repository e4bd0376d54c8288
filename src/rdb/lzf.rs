//! LZF: the compression of strings in the format, fast rather than tight.
//!
//! ```text
//! 000LLLLL                     L + 1 bytes follow as they are
//! LLLooooo oooooooo            L + 2 bytes again, o + 1 bytes back; L is 1 to 6
//! 111ooooo LLLLLLLL oooooooo   L + 9 bytes again, o + 1 bytes back
//! ```
//!
//! Any compressor makes bytes that any decompressor reads. This one chooses as the reference's does, so that the same
//! value is dumped as the same bytes.

use super::Corrupt;
use std::cell::RefCell;

const LITERALS_MAX: usize = 1 << 5;
const DISTANCE_MAX: usize = 1 << 13;
const MATCH_BYTES_MAX: usize = (1 << 8) + (1 << 3);
const TABLE_BITS: u32 = 16;
/// Most bytes that one byte of a match becomes, rounded up: 264 from 3.
const EXPANSION_MAX: usize = MATCH_BYTES_MAX / 3;
/// Room that is taken on the word of a length alone.
const TRUSTED_BYTES_MAX: usize = 1 << 20;

thread_local! {
    /// Clearing a table for each string would take longer than compressing most of them.
    static COMPRESSOR: RefCell<Compressor> = RefCell::default();
}

/// The compressed bytes; `None` when they would take more than about `bytes_max`. O(bytes). The first call on a thread
/// makes a table of 256 KiB.
pub fn compress(input: &[u8], bytes_max: usize) -> Option<Vec<u8>> {
    COMPRESSOR.with_borrow_mut(|compressor| compressor.compress(input, bytes_max))
}

/// Compresses strings one after another.
struct Compressor {
    /// By three bytes' hash: where they were met last, counted on from [`base`](Self::base).
    table: Vec<u32>,
    /// What the positions in a string are counted from: each string starts beyond all entries of those before it,
    /// so that the table need not be cleared.
    base: u32,
}

impl Default for Compressor {
    fn default() -> Compressor {
        Compressor { table: vec![0; 1 << TABLE_BITS], base: 0 }
    }
}

/// The place in the table of the three bytes that `window` ends with.
fn place_of(window: u32) -> usize {
    ((window >> (24 - TABLE_BITS)).wrapping_sub(window.wrapping_mul(5)) & ((1 << TABLE_BITS) - 1)) as usize
}

/// The three bytes from `at` on as a number.
fn window_at(input: &[u8], at: usize) -> u32 {
    u32::from(input[at]) << 16 | u32::from(input[at + 1]) << 8 | u32::from(input[at + 2])
}

/// Bytes that are equal from `from` and `at` on, when the first three are. The end of the input cuts a match short
/// by two bytes, unless it is found within the first 16.
fn match_bytes(input: &[u8], from: usize, at: usize) -> usize {
    let bytes_max = (input.len() - at - 2).min(MATCH_BYTES_MAX);
    let mut bytes = 2;
    if bytes_max > 16 {
        for _ in 0..16 {
            bytes += 1;
            if input[from + bytes] != input[at + bytes] {
                return bytes;
            }
        }
    }
    loop {
        bytes += 1;
        if bytes >= bytes_max || input[from + bytes] != input[at + bytes] {
            return bytes;
        }
    }
}

/// The compressed bytes, with a run of literals that is not closed yet.
struct Output {
    bytes: Vec<u8>,
    literals: usize,
}

impl Output {
    fn open_run(&mut self) {
        self.literals = 0;
        self.bytes.push(0);
    }

    fn literal(&mut self, byte: u8) {
        self.literals += 1;
        self.bytes.push(byte);
        if self.literals == LITERALS_MAX {
            self.close_run();
            self.open_run();
        }
    }

    fn close_run(&mut self) {
        let start = self.bytes.len() - self.literals - 1;
        match self.literals {
            0 => _ = self.bytes.pop(),
            literals => self.bytes[start] = literals as u8 - 1,
        }
    }

    fn back_reference(&mut self, distance: usize, bytes: usize) {
        self.close_run();
        let (high, length) = ((distance >> 8) as u8, bytes - 2);
        match length {
            ..7 => self.bytes.push(high | (length as u8) << 5),
            _ => self.bytes.extend_from_slice(&[high | 7 << 5, (length - 7) as u8]),
        }
        self.bytes.push(distance as u8);
        self.open_run();
    }
}

impl Compressor {
    fn compress(&mut self, input: &[u8], bytes_max: usize) -> Option<Vec<u8>> {
        let positions = u32::try_from(input.len()).ok().filter(|positions| *positions > 0 && bytes_max > 0)?;
        if self.base.checked_add(positions).is_none() {
            self.table.fill(0);
            self.base = 0;
        }
        let compressed = self.run(input, bytes_max);
        self.base += positions;
        compressed
    }

    /// Notes that the three bytes at `at` are there; returns where they may have been before, in this string.
    fn note(&mut self, window: u32, at: usize) -> Option<usize> {
        let slot = &mut self.table[place_of(window)];
        let before = std::mem::replace(slot, self.base + at as u32);
        before.checked_sub(self.base).map(|before| before as usize)
    }

    fn run(&mut self, input: &[u8], bytes_max: usize) -> Option<Vec<u8>> {
        let end = input.len();
        let mut output = Output { bytes: Vec::with_capacity(bytes_max.min(TRUSTED_BYTES_MAX)), literals: 0 };
        output.open_run();
        let mut at = 0;
        while at + 2 < end {
            let window = window_at(input, at);
            // The very first byte is never referred to: that is how the reference tells an unused place.
            let before = self.note(window, at).filter(|before| {
                *before > 0 && at - before <= DISTANCE_MAX && input[*before..before + 3] == input[at..at + 3]
            });
            let Some(before) = before else {
                if output.bytes.len() >= bytes_max {
                    return None;
                }
                output.literal(input[at]);
                at += 1;
                continue;
            };
            if output.bytes.len() + 4 - usize::from(output.literals == 0) >= bytes_max {
                return None;
            }
            let bytes = match_bytes(input, before, at);
            output.back_reference(at - before - 1, bytes);
            at += bytes;
            if at + 2 >= end {
                break;
            }
            // Of the bytes passed over, only the last two places are noted.
            self.note(window_at(input, at - 2), at - 2);
            self.note(window_at(input, at - 1), at - 1);
        }
        if output.bytes.len() + 3 > bytes_max {
            return None;
        }
        input[at..].iter().for_each(|byte| output.literal(*byte));
        output.close_run();
        Some(output.bytes)
    }
}

/// The bytes that were compressed, which must be exactly `bytes` many. O(bytes); allocates as it goes.
pub fn decompress(compressed: &[u8], bytes: usize) -> Result<Vec<u8>, Corrupt> {
    if bytes > compressed.len().saturating_mul(EXPANSION_MAX) {
        return Err(Corrupt);
    }
    let mut out: Vec<u8> = Vec::with_capacity(bytes.min(TRUSTED_BYTES_MAX));
    let mut rest = compressed.iter();
    while let Some(&control) = rest.next() {
        let literals = usize::from(control) + 1;
        if literals <= LITERALS_MAX {
            let (run, behind) = rest.as_slice().split_at_checked(literals).ok_or(Corrupt)?;
            if run.len() > bytes - out.len() {
                return Err(Corrupt);
            }
            out.extend_from_slice(run);
            rest = behind.iter();
            continue;
        }
        let mut length = usize::from(control >> 5);
        if length == 7 {
            length += usize::from(*rest.next().ok_or(Corrupt)?);
        }
        let distance = usize::from(control & 0x1F) << 8 | usize::from(*rest.next().ok_or(Corrupt)?);
        let length = length + 2;
        let from = out.len().checked_sub(distance + 1).ok_or(Corrupt)?;
        if length > bytes - out.len() {
            return Err(Corrupt);
        }
        if length <= distance + 1 {
            out.extend_from_within(from..from + length);
        } else {
            // It overlaps what it makes.
            (from..from + length).for_each(|at| out.push(out[at]));
        }
    }
    if out.len() == bytes { Ok(out) } else { Err(Corrupt) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Text with repetitions near and far, of bytes below `kinds`.
    fn sample(random: &mut fastrand::Rng, bytes: usize, kinds: u8) -> Vec<u8> {
        let mut text: Vec<u8> = Vec::new();
        while text.len() < bytes {
            if !text.is_empty() && random.bool() {
                let from = random.usize(..text.len());
                let count = random.usize(..300).min(text.len() - from);
                text.extend_from_within(from..from + count);
            } else {
                text.extend((0..random.usize(1..40)).map(|_| random.u8(..kinds)));
            }
        }
        text.truncate(bytes);
        text
    }

    #[test]
    fn what_was_compressed_is_read_again() {
        let seed = fastrand::u64(..);
        println!("seed {seed}");
        let mut random = fastrand::Rng::with_seed(seed);
        let mut compressor = Compressor::default();
        let mut compressed_count = 0;
        for _ in 0..2000 {
            let (bytes, kinds) = (random.usize(1..40_000), random.u8(1..=255));
            let text = sample(&mut random, bytes, kinds);
            if let Some(compressed) = compressor.compress(&text, text.len()) {
                compressed_count += 1;
                assert!(compressed.len() <= text.len());
                assert_eq!(decompress(&compressed, text.len()).as_ref(), Ok(&text));
                assert_eq!(decompress(&compressed, text.len() + 1), Err(Corrupt));
                assert_eq!(decompress(&compressed, text.len() - 1), Err(Corrupt));
                assert_eq!(Compressor::default().compress(&text, text.len()), Some(compressed));
            }
        }
        assert!(compressed_count > 1000);
    }

    #[test]
    fn a_compressor_starts_anew_when_its_positions_run_out() {
        let text = b"abcabcabcabcabcabcabcabcabcabcabcabcabc".repeat(20);
        let mut compressor = Compressor { base: u32::MAX - 2 * text.len() as u32, ..Compressor::default() };
        let first = compressor.compress(&text, text.len());
        for _ in 0..5 {
            assert_eq!(compressor.compress(&text, text.len()), first);
        }
        assert!(first.is_some_and(|bytes| bytes.len() < 40));
    }

    #[test]
    fn whatever_the_bytes_decompression_ends() {
        let seed = fastrand::u64(..);
        println!("seed {seed}");
        let mut random = fastrand::Rng::with_seed(seed);
        for _ in 0..20_000 {
            let bytes: Vec<u8> = (0..random.usize(0..60)).map(|_| random.u8(..)).collect();
            let announced = random.usize(0..2000);
            if let Ok(out) = decompress(&bytes, announced) {
                assert_eq!(out.len(), announced);
            }
        }
        assert_eq!(decompress(b"\x00a", usize::MAX), Err(Corrupt));
        assert_eq!(decompress(b"\xff\xff\x00", 264), Err(Corrupt));
        assert_eq!(decompress(b"\x00a\xe0\xff\x00", 265).map(|out| out.len()), Ok(265));
    }
}
