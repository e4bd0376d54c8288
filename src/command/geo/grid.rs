//! The grid behind geohashes: the earth halved again and again, east from west and north from south.
//!
//! A cell of depth `d` is one of 2^d columns and 2^d rows. Its number takes the bits of both in turn, a column's bit
//! first, so that the cells inside of a cell are numbered in a row. A score is the number of a cell of depth 26: 52
//! bits, which a double holds exactly.
//!
//! The arithmetic follows the reference's step by step, rounding and 32-bit wrap-around included: positions and
//! distances are printed with more digits than they have, so any other order of operations would show.

use std::ops::Range;

/// Northernmost latitude, in degrees; the southernmost is its opposite. The limit of the web's maps: nearer to the
/// poles nothing is indexed.
pub const LATITUDE_MAX: f64 = 85.05112878;
/// Easternmost longitude, in degrees; the westernmost is its opposite.
pub const LONGITUDE_MAX: f64 = 180.0;
/// Depth of the cells that are scores.
pub const DEPTH_MAX: u32 = 26;
/// Where a geohash's text puts the poles.
const POLE: f64 = 90.0;
/// Characters of a geohash's text.
const TEXT_BYTES: usize = 11;

/// A place on the earth, in degrees.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Position {
    /// East of Greenwich.
    pub longitude: f64,
    /// North of the equator.
    pub latitude: f64,
}

impl Position {
    /// Whether it lies where positions are indexed.
    pub fn is_indexed(self) -> bool {
        self.longitude.abs() <= LONGITUDE_MAX && self.latitude.abs() <= LATITUDE_MAX
    }

    /// The middle of the cell that a score names, for any score: what is no whole number of 52 bits was not made by
    /// GEOADD, and is taken as the reference takes it.
    pub fn of_score(score: f64) -> Position {
        let bounds = Cell::of_number(whole(score), DEPTH_MAX).bounds();
        let middle = |(from, to): (f64, f64), max: f64| ((from + to) / 2.0).min(max).max(-max);
        Position {
            longitude: middle(bounds.longitudes, LONGITUDE_MAX),
            latitude: middle(bounds.latitudes, LATITUDE_MAX),
        }
    }

    /// The score it is indexed under.
    pub fn score(self) -> f64 {
        Cell::around(self, DEPTH_MAX).number() as f64
    }

    /// Its geohash as text. The text's grid reaches to the poles, and has 55 bits: the last 3 are not known, and 0.
    pub fn text(self) -> [u8; TEXT_BYTES] {
        let number = Cell::on_grid(self, DEPTH_MAX, POLE).number();
        let mut text = [b'0'; TEXT_BYTES];
        for (at, letter) in text[..TEXT_BYTES - 1].iter_mut().enumerate() {
            let bits = number >> (47 - at * 5) & 31;
            *letter = b"0123456789bcdefghjkmnpqrstuvwxyz"[bits as usize];
        }
        text
    }
}

/// The bits of a score: what the reference's machine makes of a double that it takes for an unsigned integer.
fn whole(score: f64) -> u64 {
    const HALF: f64 = 9_223_372_036_854_775_808.0;
    let signed = |value: f64| if (-HALF..HALF).contains(&value) { value as i64 } else { i64::MIN };
    if score < HALF { signed(score) as u64 } else { signed(score - HALF) as u64 ^ 1 << 63 }
}

/// A score as an integer that is shown.
pub fn shown(score: f64) -> i64 {
    const HALF: f64 = 9_223_372_036_854_775_808.0;
    if (-HALF..HALF).contains(&score) { score as i64 } else { i64::MIN }
}

/// One cell. On the outermost edge in the east and north, column and row are one more than there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    column: u32,
    row: u32,
    depth: u32,
}

/// Where a cell ends, in degrees.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// West and east.
    pub longitudes: (f64, f64),
    /// South and north.
    pub latitudes: (f64, f64),
}

impl Cell {
    /// The cell of this depth, 1 to 26, around an indexed position.
    pub fn around(position: Position, depth: u32) -> Cell {
        Cell::on_grid(position, depth, LATITUDE_MAX)
    }

    fn on_grid(position: Position, depth: u32, latitude_max: f64) -> Cell {
        let place = |degrees: f64, max: f64| ((degrees + max) / (max + max) * (1u64 << depth) as f64) as u32;
        Cell { column: place(position.longitude, LONGITUDE_MAX), row: place(position.latitude, latitude_max), depth }
    }

    fn of_number(number: u64, depth: u32) -> Cell {
        Cell { column: every_second_bit(number >> 1), row: every_second_bit(number), depth }
    }

    fn number(self) -> u64 {
        spread(self.column) << 1 | spread(self.row)
    }

    /// The scores of all positions in it.
    pub fn scores(self) -> Range<f64> {
        let shift = (DEPTH_MAX - self.depth) * 2;
        let number = self.number();
        (number << shift) as f64..((number + 1) << shift) as f64
    }

    /// Where it ends.
    pub fn bounds(self) -> Bounds {
        let cells = (1u64 << self.depth) as f64;
        let edge = |number: u32, max: f64| -max + f64::from(number) / cells * (max + max);
        let edges = |number: u32, max: f64| (edge(number, max), edge(number.wrapping_add(1), max));
        Bounds { longitudes: edges(self.column, LONGITUDE_MAX), latitudes: edges(self.row, LATITUDE_MAX) }
    }

    /// The cell so many columns east and rows north; behind each edge the grid begins anew. Unlike the way round the
    /// earth, the one over a pole leads nowhere near, but no search goes it.
    pub fn neighbor(self, east: i32, north: i32) -> Cell {
        let last = (1u32 << self.depth) - 1;
        let moved = |number: u32, by: i32| if by == 0 { number } else { number.wrapping_add_signed(by) & last };
        Cell { column: moved(self.column, east), row: moved(self.row, north), depth: self.depth }
    }
}

/// Puts a 0 in front of each bit.
fn spread(bits: u32) -> u64 {
    [
        (16, 0x0000_FFFF_0000_FFFF),
        (8, 0x00FF_00FF_00FF_00FF),
        (4, 0x0F0F_0F0F_0F0F_0F0F),
        (2, 0x3333_3333_3333_3333),
        (1, 0x5555_5555_5555_5555),
    ]
    .iter()
    .fold(u64::from(bits), |bits, (shift, mask)| (bits | bits << shift) & mask)
}

/// The lowest bit, the third, the fifth …: undoes [`spread`].
fn every_second_bit(bits: u64) -> u32 {
    [
        (1, 0x3333_3333_3333_3333),
        (2, 0x0F0F_0F0F_0F0F_0F0F),
        (4, 0x00FF_00FF_00FF_00FF),
        (8, 0x0000_FFFF_0000_FFFF),
        (16, 0x0000_0000_FFFF_FFFF),
    ]
    .iter()
    .fold(bits & 0x5555_5555_5555_5555, |bits, (shift, mask)| (bits | bits >> shift) & mask) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_cells_are_each_others_inverse() {
        let seed = fastrand::u64(..);
        println!("seed {seed}");
        let mut random = fastrand::Rng::with_seed(seed);
        for _ in 0..1000 {
            let number = random.u64(..);
            assert_eq!(Cell::of_number(number, DEPTH_MAX).number(), number);
        }
    }

    #[test]
    fn a_position_lies_in_its_cells_and_under_their_scores() {
        let seed = fastrand::u64(..);
        println!("seed {seed}");
        let mut random = fastrand::Rng::with_seed(seed);
        for _ in 0..1000 {
            let position = Position {
                longitude: (random.f64() * 2.0 - 1.0) * LONGITUDE_MAX,
                latitude: (random.f64() * 2.0 - 1.0) * LATITUDE_MAX,
            };
            for depth in 1..=DEPTH_MAX {
                let cell = Cell::around(position, depth);
                let bounds = cell.bounds();
                assert!(bounds.longitudes.0 <= position.longitude && position.longitude <= bounds.longitudes.1);
                assert!(bounds.latitudes.0 <= position.latitude && position.latitude <= bounds.latitudes.1);
                assert!(cell.scores().contains(&position.score()));
            }
            let middle = Position::of_score(position.score());
            assert!((middle.longitude - position.longitude).abs() < 1e-5);
            assert!((middle.latitude - position.latitude).abs() < 1e-5);
        }
    }

    #[test]
    fn the_grid_begins_anew_behind_its_edges() {
        let corner = Cell { column: 0, row: 3, depth: 2 };
        assert_eq!(corner.neighbor(-1, 1), Cell { column: 3, row: 0, depth: 2 });
        assert_eq!(corner.neighbor(1, 0), Cell { column: 1, row: 3, depth: 2 });
        // The outermost edge has a number of its own, but no neighbor leads there.
        let edge = Cell::around(Position { longitude: 180.0, latitude: 0.0 }, 2);
        assert_eq!(edge, Cell { column: 4, row: 2, depth: 2 });
        assert_eq!(edge.neighbor(0, 1), Cell { column: 4, row: 3, depth: 2 });
        assert_eq!(edge.neighbor(1, 0), Cell { column: 1, row: 2, depth: 2 });
    }

    #[test]
    fn scores_that_no_position_has_are_taken_modulo_2_to_the_64th() {
        assert_eq!(whole(-1.0), u64::MAX);
        assert_eq!(whole(1.9), 1);
        assert_eq!(whole(1e19), 10_000_000_000_000_000_000);
        assert_eq!(whole(1e300), 0);
        assert_eq!(whole(f64::INFINITY), 0);
        assert_eq!(whole(f64::NEG_INFINITY), 1 << 63);
        assert_eq!(shown(f64::INFINITY), i64::MIN);
    }
}
