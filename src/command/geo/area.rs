//! The area that a search covers: what is inside of it, how far from its middle, and which cells to look into.
//!
//! Distances are along great circles of a round earth (the haversine formula). As in `grid`, the order of operations
//! is the reference's, because its rounding shows.

use super::grid::{Cell, DEPTH_MAX, Position};
use crate::command::Error;

/// Mean radius of the earth, in metres.
const EARTH_RADIUS_M: f64 = 6_372_797.560856;
/// Half of the equator on the web's maps, in metres.
const MERCATOR_MAX_M: f64 = 20_037_726.37;
/// One degree.
const DEGREE_RAD: f64 = std::f64::consts::PI / 180.0;

/// Lengths as a client gives them and gets them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unit {
    /// Its length.
    pub metres: f64,
}

impl Unit {
    /// Metres.
    pub const METRE: Unit = Unit { metres: 1.0 };

    /// The unit of this name, in any case.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn parse(name: &[u8]) -> Result<Unit, Error> {
        let known: [(&[u8], f64); 4] = [(b"m", 1.0), (b"km", 1000.0), (b"ft", 0.3048), (b"mi", 1609.34)];
        known
            .iter()
            .find(|(known, _)| name.eq_ignore_ascii_case(known))
            .map(|(_, metres)| Unit { metres: *metres })
            .ok_or(Error::Static("ERR unsupported unit provided. please use M, KM, FT, MI"))
    }
}

/// The form of an area; lengths are in its unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// All around the middle.
    Circle {
        /// How far.
        radius: f64,
    },
    /// A rectangle along the axes, the middle in its middle.
    Rectangle {
        /// From west to east.
        width: f64,
        /// From south to north.
        height: f64,
    },
}

/// An area of the earth.
#[derive(Clone, Copy, Debug)]
pub struct Area {
    /// What distances are measured from.
    pub middle: Position,
    /// Its form.
    pub shape: Shape,
    /// What the form's lengths are given in.
    pub unit: Unit,
}

/// The part of the grid's directions around a cell in the order they are searched in.
const AROUND: [(i32, i32); 9] = [(0, 0), (0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1)];

impl Area {
    /// The distance of a position from the middle, in metres, when it lies inside.
    pub fn distance_inside_m(&self, position: Position) -> Option<f64> {
        match self.shape {
            Shape::Circle { radius } => {
                let distance_m = distance_m(self.middle, position);
                let outside = distance_m > radius * self.unit.metres;
                (!outside).then_some(distance_m)
            }
            Shape::Rectangle { width, height } => {
                let northward_m = meridian_distance_m(position, self.middle);
                if northward_m > height * self.unit.metres / 2.0 {
                    return None;
                }
                // At the position's own latitude: a rectangle gets no wider towards the equator.
                let eastward_m = distance_m(position, Position { latitude: position.latitude, ..self.middle });
                if eastward_m > width * self.unit.metres / 2.0 {
                    return None;
                }
                Some(distance_m(self.middle, position))
            }
        }
    }

    /// The cells that hold everything inside, each once: the one around the middle, then up to eight around it.
    pub fn cells(&self) -> impl Iterator<Item = Cell> + use<> {
        let (west, south, east, north) = self.frame();
        let mut depth = self.depth();
        let mut center = Cell::around(self.middle, depth);
        let too_small = center.neighbor(0, 1).bounds().latitudes.1 < north
            || center.neighbor(0, -1).bounds().latitudes.0 > south
            || center.neighbor(1, 0).bounds().longitudes.1 < east
            || center.neighbor(-1, 0).bounds().longitudes.0 > west;
        if depth > 1 && too_small {
            depth -= 1;
            center = Cell::around(self.middle, depth);
        }
        let bounds = center.bounds();
        // The side of the center cell that lies outside of the area has nothing to look for behind it.
        let beside = depth >= 2;
        let (no_south, no_north) = (beside && bounds.latitudes.0 < south, beside && bounds.latitudes.1 > north);
        let (no_west, no_east) = (beside && bounds.longitudes.0 < west, beside && bounds.longitudes.1 > east);
        let needed = AROUND.into_iter().filter(move |(x, y)| {
            !(no_south && *y < 0 || no_north && *y > 0 || no_west && *x < 0 || no_east && *x > 0)
        });
        // On a grid of two rows or columns the neighbors on both sides are the same cell.
        let mut before: Option<Cell> = None;
        needed.map(move |(x, y)| center.neighbor(x, y)).filter(move |cell| {
            let again = *cell != center && before.replace(*cell) == Some(*cell);
            !again
        })
    }

    /// The degrees that the area lies between: west, south, east, north.
    fn frame(&self) -> (f64, f64, f64, f64) {
        let Position { longitude, latitude } = self.middle;
        let (width, height) = match self.shape {
            Shape::Circle { radius } => (radius, radius),
            Shape::Rectangle { width, height } => (width / 2.0, height / 2.0),
        };
        let (width_m, height_m) = (self.unit.metres * width, self.unit.metres * height);
        let upward = height_m / EARTH_RADIUS_M / DEGREE_RAD;
        // As wide as on the edge that is nearer to the pole.
        let edge = if latitude < 0.0 { latitude - upward } else { latitude + upward };
        let sideward = width_m / EARTH_RADIUS_M / (edge * DEGREE_RAD).cos() / DEGREE_RAD;
        (longitude - sideward, latitude - upward, longitude + sideward, latitude + upward)
    }

    /// How small cells may be, so that nine cover the area nearly always.
    fn depth(&self) -> u32 {
        let radius = match self.shape {
            Shape::Circle { radius } => radius,
            Shape::Rectangle { width, height } => (width / 2.0 * (width / 2.0) + height / 2.0 * (height / 2.0)).sqrt(),
        };
        let mut reach_m = radius * self.unit.metres;
        if reach_m == 0.0 {
            return DEPTH_MAX;
        }
        // A double can be doubled some 2,100 times before it is that large.
        let mut depth = 1;
        while reach_m < MERCATOR_MAX_M {
            reach_m *= 2.0;
            depth += 1;
        }
        depth -= 2;
        // Cells get narrower towards the poles.
        let from_equator = self.middle.latitude.abs();
        depth -= i32::from(from_equator > 66.0) + i32::from(from_equator > 80.0);
        depth.clamp(1, DEPTH_MAX as i32) as u32
    }
}

/// The distance of two positions, in metres.
pub fn distance_m(a: Position, b: Position) -> f64 {
    let eastward = ((b.longitude * DEGREE_RAD - a.longitude * DEGREE_RAD) / 2.0).sin();
    if eastward == 0.0 {
        return meridian_distance_m(a, b);
    }
    let (from, to) = (a.latitude * DEGREE_RAD, b.latitude * DEGREE_RAD);
    let northward = ((to - from) / 2.0).sin();
    let square = northward * northward + from.cos() * to.cos() * eastward * eastward;
    2.0 * EARTH_RADIUS_M * square.sqrt().asin()
}

/// The distance of two positions' circles of latitude, in metres.
fn meridian_distance_m(a: Position, b: Position) -> f64 {
    EARTH_RADIUS_M * (b.latitude * DEGREE_RAD - a.latitude * DEGREE_RAD).abs()
}

#[cfg(test)]
mod tests {
    use super::super::grid::LATITUDE_MAX;
    use super::*;

    fn anywhere(random: &mut fastrand::Rng) -> Position {
        let latitude_max = if random.u8(..4) == 0 { LATITUDE_MAX } else { 60.0 };
        Position { longitude: (random.f64() * 2.0 - 1.0) * 180.0, latitude: (random.f64() * 2.0 - 1.0) * latitude_max }
    }

    #[test]
    fn no_cell_is_searched_twice() {
        let seed = fastrand::u64(..);
        println!("seed {seed}");
        let mut random = fastrand::Rng::with_seed(seed);
        for _ in 0..3000 {
            let mut middle = anywhere(&mut random);
            if random.u8(..5) == 0 {
                middle.longitude = 180.0;
            }
            if random.u8(..5) == 0 {
                middle.latitude = LATITUDE_MAX;
            }
            let size = 10f64.powi(random.i32(-3..9));
            let shape = if random.bool() {
                Shape::Circle { radius: size }
            } else {
                Shape::Rectangle { width: size, height: size * random.f64() }
            };
            let cells: Vec<Cell> = Area { middle, shape, unit: Unit::METRE }.cells().collect();
            assert!((1..=9).contains(&cells.len()));
            for (at, cell) in cells.iter().enumerate() {
                assert!(!cells[..at].contains(cell), "{middle:?} {shape:?}");
            }
        }
    }

    #[test]
    fn what_is_inside_away_from_poles_and_date_line_is_in_the_cells() {
        let seed = fastrand::u64(..);
        println!("seed {seed}");
        let mut random = fastrand::Rng::with_seed(seed);
        for _ in 0..3000 {
            let middle = Position { longitude: random.f64() * 240.0 - 120.0, latitude: random.f64() * 100.0 - 50.0 };
            let radius = 10f64.powf(random.f64() * 6.0);
            let area = Area { middle, shape: Shape::Circle { radius }, unit: Unit::METRE };
            let off = radius / EARTH_RADIUS_M / DEGREE_RAD;
            let position = Position {
                longitude: middle.longitude + (random.f64() * 4.0 - 2.0) * off,
                latitude: middle.latitude + (random.f64() * 2.0 - 1.0) * off,
            };
            if area.distance_inside_m(position).is_some() {
                let score = position.score();
                assert!(area.cells().any(|cell| cell.scores().contains(&score)), "{area:?} {position:?}");
            }
        }
    }

    #[test]
    fn lengths_without_end_are_no_trouble() {
        for radius in [0.0, 5e-324, 1e308, f64::INFINITY] {
            let area = Area { middle: Position::default(), shape: Shape::Circle { radius }, unit: Unit::METRE };
            assert!(area.cells().count() >= 1);
            assert!(area.distance_inside_m(Position::default()).is_some());
        }
    }
}
