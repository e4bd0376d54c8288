//! A HyperLogLog as the string that holds it, byte for byte the reference's: a header and 16,384 registers.
//!
//! The header is 16 bytes: `HYLL`, the encoding, 3 bytes of 0, and what was counted last as 8 bytes, least first, the
//! highest bit set when it no longer holds. A register is the highest rank (leading zeros of a hash, plus 1) of the
//! elements that belong to it. Dense, registers have 6 bits each, lowest bits first. Sparse, they are runs of equal
//! ones:
//!
//! - `00llllll`            1 to 64 registers that are 0
//! - `01llllll llllllll`   1 to 16,384 registers that are 0
//! - `1vvvvvll`            1 to 4 registers of rank 1 to 32
//!
//! The runs of a string that a client wrote may add up to anything: whoever walks them checks, and what is found
//! corrupt is left as it was.

/// Bits of a hash that choose the register.
const INDEX_BITS: u32 = 14;
/// Number of registers.
pub const REGISTERS: usize = 1 << INDEX_BITS;
/// Highest rank that a hash can have.
pub const RANK_MAX: usize = 64 - INDEX_BITS as usize + 1;
/// Bytes in front of the registers.
const HEADER_BYTES: usize = 16;
/// Length of every dense string.
const DENSE_BYTES: usize = HEADER_BYTES + REGISTERS * 6 / 8;
/// Highest rank that a run can have.
const RUN_RANK_MAX: u8 = 32;
/// Most registers of a run that is not 0.
const RUN_LENGTH_MAX: usize = 4;
/// Most registers of a run of 0 in one byte.
const SHORT_ZEROS_MAX: usize = 64;

/// The string of a HyperLogLog to which nothing was added: one run, and a count of 0 that holds.
pub const EMPTY: &[u8; HEADER_BYTES + 2] = b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\0\x7f\xff";

/// How registers are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// 6 bits each.
    Dense,
    /// Runs.
    Sparse,
}

/// The runs of a string do not add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Corrupt;

/// The registers as bytes.
pub type Registers = [u8; REGISTERS];

/// The encoding of a string, when it can be a HyperLogLog. Its runs are not looked at.
pub fn encoding(bytes: &[u8]) -> Option<Encoding> {
    if bytes.len() < HEADER_BYTES || !bytes.starts_with(b"HYLL") {
        return None;
    }
    match bytes[4] {
        0 if bytes.len() == DENSE_BYTES => Some(Encoding::Dense),
        1 => Some(Encoding::Sparse),
        _ => None,
    }
}

fn is_sparse(bytes: &[u8]) -> bool {
    bytes[4] == 1
}

/// What was counted last, if nothing was added since.
pub fn cached_count(bytes: &[u8]) -> Option<u64> {
    let count = bytes[8..].first_chunk().map(|count| u64::from_le_bytes(*count))?;
    (count >> 63 == 0).then_some(count)
}

/// Keeps a count.
pub fn cache_count(bytes: &mut [u8], count: u64) {
    bytes[8..HEADER_BYTES].copy_from_slice(&count.to_le_bytes());
}

/// The count no longer holds.
pub fn forget_count(bytes: &mut [u8]) {
    bytes[15] |= 0x80;
}

/// Adds an element; true when a register changed, or the encoding with it. O(length) while sparse, which it is up to
/// about `sparse_bytes_max`; O(1) then.
pub fn add(bytes: &mut Vec<u8>, element: &[u8], sparse_bytes_max: u64) -> Result<bool, Corrupt> {
    let (register, rank) = place_of(element);
    raise(bytes, register, rank, sparse_bytes_max)
}

/// Raises a register to a rank; true when it was lower. Costs what [`add`] does.
pub fn raise(bytes: &mut Vec<u8>, register: usize, rank: u8, sparse_bytes_max: u64) -> Result<bool, Corrupt> {
    if is_sparse(bytes) {
        raise_sparse(bytes, register, rank, sparse_bytes_max)
    } else {
        Ok(raise_dense(bytes, register, rank))
    }
}

/// The register that an element belongs to, and the rank of its hash.
fn place_of(element: &[u8]) -> (usize, u8) {
    let hash = murmur_64a(element, 0xadc8_3b19);
    let rank = (hash >> INDEX_BITS | 1 << (RANK_MAX - 1)).trailing_zeros() + 1;
    (hash as usize % REGISTERS, rank as u8)
}

/// MurmurHash2 of 64 bits, for 64-bit machines.
fn murmur_64a(bytes: &[u8], seed: u64) -> u64 {
    const M: u64 = 0xc6a4_a793_5bd1_e995;
    let (words, rest) = bytes.as_chunks::<8>();
    let mut hash = words.iter().fold(seed ^ (bytes.len() as u64).wrapping_mul(M), |hash, word| {
        let word = u64::from_le_bytes(*word).wrapping_mul(M);
        (hash ^ (word ^ word >> 47).wrapping_mul(M)).wrapping_mul(M)
    });
    if !rest.is_empty() {
        let last = rest.iter().rev().fold(0, |last, byte| last << 8 | u64::from(*byte));
        hash = (hash ^ last).wrapping_mul(M);
    }
    hash = (hash ^ hash >> 47).wrapping_mul(M);
    hash ^ hash >> 47
}

/// The two bytes that a dense register lies in, as one number, where the first of them is, and the bits in front.
fn dense_place(bytes: &[u8], register: usize) -> (u16, usize, usize) {
    let (at, shift) = (HEADER_BYTES + register * 6 / 8, register * 6 % 8);
    // The last register ends with the string.
    let behind = bytes.get(at + 1).copied().unwrap_or(0);
    (u16::from_le_bytes([bytes[at], behind]), at, shift)
}

/// The registers of a dense string.
pub fn dense_registers(bytes: &[u8]) -> impl Iterator<Item = u8> {
    // Four registers in three bytes.
    let (triples, _) = bytes[HEADER_BYTES..].as_chunks::<3>();
    triples.iter().flat_map(|[a, b, c]| [a & 63, a >> 6 | b << 2 & 63, b >> 4 | c << 4 & 63, c >> 2])
}

/// A register of a dense string.
pub fn dense_register(bytes: &[u8], register: usize) -> u8 {
    let (word, _, shift) = dense_place(bytes, register);
    (word >> shift & 63) as u8
}

/// Sets a register of a dense string; ranks have 6 bits.
pub fn set_dense_register(bytes: &mut [u8], register: usize, rank: u8) {
    let (word, at, shift) = dense_place(bytes, register);
    let [low, high] = (word & !(63 << shift) | u16::from(rank) << shift).to_le_bytes();
    bytes[at] = low;
    if let Some(behind) = bytes.get_mut(at + 1) {
        *behind = high;
    }
}

fn raise_dense(bytes: &mut [u8], register: usize, rank: u8) -> bool {
    let higher = rank > dense_register(bytes, register);
    if higher {
        set_dense_register(bytes, register, rank);
    }
    higher
}

/// Registers in a row of the same rank, in a sparse string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// 0 to 32.
    pub rank: u8,
    /// 1 to 16,384 registers.
    pub length: usize,
    /// Bytes it takes.
    pub bytes: usize,
}

/// The run that begins at a byte; `None` at the end. One that lacks its second byte has a 0 there.
fn run_at(bytes: &[u8], at: usize) -> Option<Run> {
    let byte = usize::from(*bytes.get(at)?);
    Some(match byte >> 6 {
        0 => Run { rank: 0, length: byte + 1, bytes: 1 },
        1 => {
            let low = usize::from(bytes.get(at + 1).copied().unwrap_or(0));
            Run { rank: 0, length: ((byte & 63) << 8 | low) + 1, bytes: 2 }
        }
        _ => Run { rank: (byte >> 2 & 31) as u8 + 1, length: (byte & 3) + 1, bytes: 1 },
    })
}

/// The runs of a sparse string.
pub fn runs(bytes: &[u8]) -> impl Iterator<Item = Run> {
    let mut at = HEADER_BYTES;
    std::iter::from_fn(move || {
        let run = run_at(bytes, at)?;
        at += run.bytes;
        Some(run)
    })
}

/// The bytes of a few runs.
#[derive(Default)]
struct Runs {
    bytes: [u8; 5],
    length: usize,
}

impl Runs {
    fn push(&mut self, rank: u8, length: usize) {
        let (byte, second) = match (rank, length) {
            (_, 0) => return,
            (0, ..=SHORT_ZEROS_MAX) => ((length - 1) as u8, None),
            (0, _) => (0x40 | ((length - 1) >> 8) as u8, Some((length - 1) as u8)),
            _ => (run_of(rank, length), None),
        };
        for byte in std::iter::once(byte).chain(second) {
            self.bytes[self.length] = byte;
            self.length += 1;
        }
    }
}

/// The byte of a run that is not 0.
fn run_of(rank: u8, length: usize) -> u8 {
    0x80 | (rank - 1) << 2 | (length - 1) as u8
}

/// Raises a register in a sparse string: the run it is in becomes up to three. Where that makes the string too long,
/// or runs cannot say the rank, the string becomes dense.
fn raise_sparse(bytes: &mut Vec<u8>, register: usize, rank: u8, bytes_max: u64) -> Result<bool, Corrupt> {
    if rank > RUN_RANK_MAX {
        return raise_made_dense(bytes, register, rank);
    }
    let (mut at, mut first, mut before) = (HEADER_BYTES, 0, HEADER_BYTES);
    let run = loop {
        let run = run_at(bytes, at).ok_or(Corrupt)?;
        if register < first + run.length {
            break run;
        }
        before = at;
        first += run.length;
        at += run.bytes;
    };
    if run.rank >= rank {
        return Ok(false);
    }
    let mut split = Runs::default();
    split.push(run.rank, register - first);
    split.push(rank, 1);
    split.push(run.rank, first + run.length - register - 1);

    let length = bytes.len() + split.length - run.bytes;
    if length > bytes.len() && length as u64 > bytes_max {
        return raise_made_dense(bytes, register, rank);
    }
    let end = (at + run.bytes).min(bytes.len());
    bytes.splice(at..end, split.bytes[..split.length].iter().copied());
    // Longer by one only for a run that lacked its second byte.
    bytes.truncate(length);
    join_runs(bytes, before);
    forget_count(bytes);
    Ok(true)
}

fn raise_made_dense(bytes: &mut Vec<u8>, register: usize, rank: u8) -> Result<bool, Corrupt> {
    make_dense(bytes)?;
    Ok(raise_dense(bytes, register, rank))
}

/// Joins runs of the same rank among the five from a place on: as many as a change can have made.
fn join_runs(bytes: &mut Vec<u8>, mut at: usize) {
    for _ in 0..5 {
        let Some(run) = run_at(bytes, at) else { return };
        let next = run_at(bytes, at + run.bytes).filter(|next| run.rank > 0 && next.rank == run.rank);
        match next.map(|next| run.length + next.length) {
            Some(length @ ..=RUN_LENGTH_MAX) => {
                bytes[at] = run_of(run.rank, length);
                bytes.remove(at + 1);
            }
            _ => at += run.bytes,
        }
    }
}

/// Makes a string dense, if it is not; what was counted stays. O(registers).
pub fn make_dense(bytes: &mut Vec<u8>) -> Result<(), Corrupt> {
    if !is_sparse(bytes) {
        return Ok(());
    }
    let mut dense = vec![0; DENSE_BYTES];
    dense[..HEADER_BYTES].copy_from_slice(&bytes[..HEADER_BYTES]);
    dense[4] = 0;
    for_each_sparse(bytes, |register, rank| set_dense_register(&mut dense, register, rank))?;
    *bytes = dense;
    Ok(())
}

/// Tells the registers of a sparse string that are not 0, up to where it is found corrupt.
fn for_each_sparse(bytes: &[u8], mut tell: impl FnMut(usize, u8)) -> Result<(), Corrupt> {
    let mut first = 0;
    for run in runs(bytes) {
        let end = first + run.length;
        if end > REGISTERS {
            return Err(Corrupt);
        }
        if run.rank > 0 {
            (first..end).for_each(|register| tell(register, run.rank));
        }
        first = end;
    }
    if first == REGISTERS { Ok(()) } else { Err(Corrupt) }
}

/// Raises registers to what a string has. O(registers).
pub fn merge(into: &mut Registers, bytes: &[u8]) -> Result<(), Corrupt> {
    if is_sparse(bytes) {
        return for_each_sparse(bytes, |register, rank| into[register] = into[register].max(rank));
    }
    into.iter_mut().zip(dense_registers(bytes)).for_each(|(most, rank)| *most = rank.max(*most));
    Ok(())
}

/// How many registers have each rank. 64 of them: 6 bits can say more than a hash can have.
pub type Histogram = [usize; 64];

/// The histogram of a string. O(registers), or O(length) when it is sparse.
pub fn histogram(bytes: &[u8]) -> Result<Histogram, Corrupt> {
    let mut histogram = [0; 64];
    if is_sparse(bytes) {
        let mut registers = 0;
        for run in runs(bytes) {
            histogram[usize::from(run.rank)] += run.length;
            registers += run.length;
        }
        return if registers == REGISTERS { Ok(histogram) } else { Err(Corrupt) };
    }
    dense_registers(bytes).for_each(|rank| histogram[usize::from(rank)] += 1);
    Ok(histogram)
}

/// The histogram of registers as bytes.
pub fn histogram_of(registers: &Registers) -> Histogram {
    let mut histogram = [0; 64];
    registers.iter().for_each(|rank| histogram[usize::from(*rank)] += 1);
    histogram
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_BOUND: u64 = u64::MAX;

    fn registers_of(bytes: &[u8]) -> Box<Registers> {
        let mut registers = Box::new([0; REGISTERS]);
        merge(&mut registers, bytes).expect("not corrupt");
        registers
    }

    #[test]
    fn both_encodings_hold_what_was_raised() {
        let seed = fastrand::u64(..);
        println!("seed {seed}");
        let mut random = fastrand::Rng::with_seed(seed);
        let mut wanted = Box::new([0; REGISTERS]);
        let (mut sparse, mut dense, mut both) = (EMPTY.to_vec(), EMPTY.to_vec(), EMPTY.to_vec());
        make_dense(&mut dense).unwrap();
        for step in 0..20_000 {
            // Neighbors too, so that runs meet and are joined.
            let register = if random.bool() { random.usize(..REGISTERS) } else { random.usize(..50) };
            let rank = random.u8(1..=RUN_RANK_MAX);
            let higher = rank > wanted[register];
            wanted[register] = rank.max(wanted[register]);
            assert_eq!(raise(&mut sparse, register, rank, NO_BOUND), Ok(higher), "seed {seed}");
            assert_eq!(raise(&mut dense, register, rank, NO_BOUND), Ok(higher), "seed {seed}");
            assert_eq!(raise(&mut both, register, rank, 3000), Ok(higher), "seed {seed}");
            if step % 1000 == 0 {
                assert!(registers_of(&sparse) == wanted && registers_of(&dense) == wanted, "seed {seed}");
                assert!(registers_of(&both) == wanted, "seed {seed}");
                assert_eq!(histogram(&sparse), histogram(&dense));
                assert_eq!(histogram(&sparse), Ok(histogram_of(&wanted)));
            }
        }
        assert!(dense_registers(&dense).eq(wanted.iter().copied()), "seed {seed}");
        assert_eq!(encoding(&sparse), Some(Encoding::Sparse));
        assert_eq!(encoding(&both), Some(Encoding::Dense));
    }

    #[test]
    fn runs_of_one_rank_are_joined_up_to_four() {
        let mut bytes = EMPTY.to_vec();
        for register in [10, 12, 11, 14, 13] {
            raise(&mut bytes, register, 3, NO_BOUND).unwrap();
        }
        let shown: Vec<(u8, usize)> = runs(&bytes).map(|run| (run.rank, run.length)).collect();
        assert_eq!(shown, [(0, 10), (3, 4), (3, 1), (0, REGISTERS - 15)]);
    }

    #[test]
    fn a_rank_that_no_run_can_have_makes_it_dense() {
        let mut bytes = EMPTY.to_vec();
        assert_eq!(raise(&mut bytes, 7, RUN_RANK_MAX, NO_BOUND), Ok(true));
        assert_eq!(encoding(&bytes), Some(Encoding::Sparse));
        assert_eq!(raise(&mut bytes, 8, RUN_RANK_MAX + 1, NO_BOUND), Ok(true));
        assert_eq!(encoding(&bytes), Some(Encoding::Dense));
        assert_eq!((dense_register(&bytes, 7), dense_register(&bytes, 8)), (RUN_RANK_MAX, RUN_RANK_MAX + 1));
    }

    #[test]
    fn strings_of_any_bytes_are_walked_safely() {
        let seed = fastrand::u64(..);
        println!("seed {seed}");
        let mut random = fastrand::Rng::with_seed(seed);
        for _ in 0..3000 {
            let mut bytes = EMPTY.to_vec();
            (0..random.usize(..60)).for_each(|_| _ = add(&mut bytes, &random.u64(..).to_le_bytes(), NO_BOUND));
            for _ in 0..random.usize(..6) {
                let at = random.usize(HEADER_BYTES..bytes.len());
                match random.u8(..3) {
                    0 => bytes[at] = random.u8(..),
                    1 => bytes.insert(at, random.u8(..)),
                    _ => bytes.truncate(at),
                }
                if bytes.len() == HEADER_BYTES {
                    break;
                }
            }
            let corrupt = histogram(&bytes).is_err();
            assert_eq!(merge(&mut [0; REGISTERS], &bytes).is_err(), corrupt, "seed {seed}");
            let _ = raise(&mut bytes, random.usize(..REGISTERS), random.u8(1..40), random.u64(..100));
            let _ = make_dense(&mut bytes);
        }
    }
}
