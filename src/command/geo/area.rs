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
#[derive(Clone, Debug, PartialEq)]
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
    /// What lies between its sides, which are straight on a map where degrees are squares. None crosses the date line.
    Polygon {
        /// Its corners in turn, three or more.
        vertices: Vec<Position>,
    },
}

/// An area of the earth.
#[derive(Clone, Debug)]
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
    /// A polygon. Its middle is that of its corners, each with the same weight.
    pub fn polygon(vertices: Vec<Position>) -> Area {
        Area { middle: middle(&vertices), shape: Shape::Polygon { vertices }, unit: Unit::METRE }
    }

    /// The distance of a position from the middle, in metres, when it lies inside.
    pub fn distance_inside_m(&self, position: Position) -> Option<f64> {
        match &self.shape {
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
            Shape::Polygon { vertices } => encloses(vertices, position).then(|| distance_m(self.middle, position)),
        }
    }

    /// The cells that hold everything inside, each once: the one around the middle, then up to eight around it.
    pub fn cells(&self) -> impl Iterator<Item = Cell> + use<> {
        let frame @ Frame { west, south, east, north } = self.frame();
        // The middle of a polygon's corners may lie anywhere in its frame.
        let is_polygon = matches!(self.shape, Shape::Polygon { .. });
        let middle = if is_polygon { frame.middle() } else { self.middle };
        let mut depth = depth(middle, self.reach_m(frame));
        let mut center = Cell::around(middle, depth);
        let too_small = |center: Cell| {
            center.neighbor(0, 1).bounds().latitudes.1 < north
                || center.neighbor(0, -1).bounds().latitudes.0 > south
                || center.neighbor(1, 0).bounds().longitudes.1 < east
                || center.neighbor(-1, 0).bounds().longitudes.0 > west
        };
        // Once is enough for what is as wide as high, nearly always, and what the reference does.
        let mut tries = if is_polygon { DEPTH_MAX } else { 1 };
        while tries > 0 && depth > 1 && too_small(center) {
            tries -= 1;
            depth -= 1;
            center = Cell::around(middle, depth);
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

    fn frame(&self) -> Frame {
        let (width, height) = match &self.shape {
            Shape::Circle { radius } => (*radius, *radius),
            Shape::Rectangle { width, height } => (width / 2.0, height / 2.0),
            Shape::Polygon { vertices } => return Frame::around(vertices),
        };
        let Position { longitude, latitude } = self.middle;
        let (width_m, height_m) = (self.unit.metres * width, self.unit.metres * height);
        let upward = height_m / EARTH_RADIUS_M / DEGREE_RAD;
        // As wide as on the edge that is nearer to the pole.
        let edge = if latitude < 0.0 { latitude - upward } else { latitude + upward };
        let sideward = width_m / EARTH_RADIUS_M / (edge * DEGREE_RAD).cos() / DEGREE_RAD;
        Frame {
            west: longitude - sideward,
            south: latitude - upward,
            east: longitude + sideward,
            north: latitude + upward,
        }
    }

    /// How far it reaches from its middle, or its frame's, in metres.
    fn reach_m(&self, frame: Frame) -> f64 {
        let radius = match self.shape {
            Shape::Circle { radius } => radius,
            Shape::Rectangle { width, height } => (width / 2.0 * (width / 2.0) + height / 2.0 * (height / 2.0)).sqrt(),
            Shape::Polygon { .. } => {
                let corner = |latitude| Position { longitude: frame.west, latitude };
                let middle = frame.middle();
                return distance_m(middle, corner(frame.south)).max(distance_m(middle, corner(frame.north)));
            }
        };
        radius * self.unit.metres
    }
}

/// The degrees that an area lies between.
#[derive(Clone, Copy, Debug)]
struct Frame {
    west: f64,
    south: f64,
    east: f64,
    north: f64,
}

impl Frame {
    fn around(vertices: &[Position]) -> Frame {
        let least = |of: fn(&Position) -> f64| vertices.iter().map(of).fold(f64::INFINITY, f64::min);
        let most = |of: fn(&Position) -> f64| vertices.iter().map(of).fold(f64::NEG_INFINITY, f64::max);
        Frame {
            west: least(|vertex| vertex.longitude),
            south: least(|vertex| vertex.latitude),
            east: most(|vertex| vertex.longitude),
            north: most(|vertex| vertex.latitude),
        }
    }

    fn middle(self) -> Position {
        Position { longitude: (self.west + self.east) / 2.0, latitude: (self.south + self.north) / 2.0 }
    }
}

/// How small cells may be, so that nine cover what reaches so far nearly always.
fn depth(middle: Position, mut reach_m: f64) -> u32 {
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
    let from_equator = middle.latitude.abs();
    depth -= i32::from(from_equator > 66.0) + i32::from(from_equator > 80.0);
    depth.clamp(1, DEPTH_MAX as i32) as u32
}

/// Whether a line from a position to the east crosses an odd number of a polygon's sides.
fn encloses(vertices: &[Position], position: Position) -> bool {
    let before = vertices.iter().cycle().skip(vertices.len() - 1);
    let crossed = vertices.iter().zip(before).filter(|(a, b)| {
        let spans = (a.latitude > position.latitude) != (b.latitude > position.latitude);
        spans && {
            let share = (position.latitude - a.latitude) / (b.latitude - a.latitude);
            position.longitude < (b.longitude - a.longitude) * share + a.longitude
        }
    });
    crossed.count() % 2 == 1
}

/// Where the middle of positions, taken as points in space, lies under.
fn middle(positions: &[Position]) -> Position {
    let (mut x, mut y, mut z) = (0.0, 0.0, 0.0);
    for position in positions {
        let (longitude, latitude) = (position.longitude * DEGREE_RAD, position.latitude * DEGREE_RAD);
        x += latitude.cos() * longitude.cos();
        y += latitude.cos() * longitude.sin();
        z += latitude.sin();
    }
    Position { longitude: y.atan2(x) / DEGREE_RAD, latitude: z.atan2((x * x + y * y).sqrt()) / DEGREE_RAD }
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
            let cells: Vec<Cell> = Area { middle, shape: shape.clone(), unit: Unit::METRE }.cells().collect();
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
    fn what_is_inside_of_a_polygon_is_in_the_cells() {
        let seed = fastrand::u64(..);
        println!("seed {seed}");
        let mut random = fastrand::Rng::with_seed(seed);
        let mut inside = 0;
        for _ in 0..3000 {
            let (middle, size) = (anywhere(&mut random), 10f64.powf(random.f64() * 5.0 - 3.0));
            let near = |random: &mut fastrand::Rng| Position {
                longitude: (middle.longitude + (random.f64() - 0.5) * size * 3.0).clamp(-179.9, 179.9),
                latitude: (middle.latitude + (random.f64() - 0.5) * size).clamp(-85.0, 85.0),
            };
            let area = Area::polygon((0..random.usize(3..8)).map(|_| near(&mut random)).collect());
            let score = near(&mut random).score();
            if area.distance_inside_m(Position::of_score(score)).is_some() {
                inside += 1;
                assert!(area.cells().any(|cell| cell.scores().contains(&score)), "{area:?} {score}");
            }
        }
        assert!(inside > 100, "{inside}");
    }

    #[test]
    fn a_polygon_may_have_dents() {
        let corner = |longitude, latitude| Position { longitude, latitude };
        // A square with its upper side pressed in.
        let vertices = [(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (2.0, 1.0), (0.0, 4.0)].map(|(x, y)| corner(x, y)).to_vec();
        let area = Area::polygon(vertices);
        let inside = |x, y| area.distance_inside_m(corner(x, y)).is_some();
        assert!(inside(1.0, 0.5) && inside(0.5, 3.0) && inside(3.5, 3.0));
        assert!(!inside(2.0, 2.0) && !inside(5.0, 0.5) && !inside(-1.0, 0.5) && !inside(2.0, -0.1));
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
