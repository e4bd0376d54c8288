//! Commands on sorted sets of positions: a member's score is the number of its cell on a grid over the earth.

use crate::command::number::float;
use crate::command::spec::Spec;
use crate::command::{Args, Error};
use crate::resp::Reply;
use grid::Position;

pub mod area;
pub mod grid;
pub mod position;
mod query;
pub mod radius;
pub mod search;

/// Rows of this family, file by file.
pub const FAMILY: &[&[Spec]] = &[position::COMMANDS, search::COMMANDS, radius::COMMANDS];

/// Reads a longitude and a latitude, which must lie where positions are indexed.
fn position(args: Args<'_>, at: usize) -> Result<Position, Error> {
    let position = Position { longitude: float(args.at(at))?, latitude: float(args.at(at + 1))? };
    if position.is_indexed() {
        return Ok(position);
    }
    let Position { longitude, latitude } = position;
    Err(Error::Text(format!("ERR invalid longitude,latitude pair {longitude:.6},{latitude:.6}")))
}

/// Writes a distance with 4 digits behind the point, a half rounded to even.
fn distance(reply: &mut Reply<'_>, distance: f64) {
    // What is no number becomes the lowest integer, as the reference's conversion does it.
    let scaled = (distance * 10_000.0).round_ties_even();
    let scaled = if scaled.abs() < 9.2e18 { scaled as i64 } else { i64::MIN };
    let sign = if scaled < 0 { "-" } else { "" };
    let (whole, part) = (scaled.unsigned_abs() / 10_000, scaled.unsigned_abs() % 10_000);
    reply.bulk(format!("{sign}{whole}.{part:04}").as_bytes());
}

/// Writes a longitude or latitude as a decimal number, 17 digits behind the point at most.
fn coordinate(reply: &mut Reply<'_>, degrees: f64) {
    let text = format!("{degrees:.17}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    let text = if text == "-0" { "0" } else { text };
    if reply.is_resp3() {
        reply.raw(format!(",{text}\r\n").as_bytes());
    } else {
        reply.bulk(text.as_bytes());
    }
}
