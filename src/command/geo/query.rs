//! What GEOSEARCH, GEOSEARCHSTORE and the GEORADIUS commands have in common: reading the request, finding what lies
//! in the area, answering with it or storing it.

use super::area::{Area, Shape, Unit};
use super::grid::{self, Position};
use super::{coordinate, distance, position};
use crate::command::elem::bulk;
use crate::command::number::{int, parse_float, parse_int};
use crate::command::partial_sort::partial_sort;
use crate::command::{Args, Ctx, Error, Outcome};
use crate::resp::Reply;
use crate::store::value::listpack::Elem;
use crate::store::value::sorted_set::{ScoreRange, SortedSet};
use crate::store::{Event, Key, Object, Ttl};

/// Which command asks: they take different arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// GEORADIUS and GEORADIUS_RO, which may not store.
    Radius { may_store: bool },
    /// GEORADIUSBYMEMBER and GEORADIUSBYMEMBER_RO.
    RadiusByMember { may_store: bool },
    /// GEOSEARCH.
    Search,
    /// GEOSEARCHSTORE.
    SearchStore,
}

impl Form {
    /// Whether it has the newer commands' options.
    fn is_search(self) -> bool {
        matches!(self, Form::Search | Form::SearchStore)
    }

    fn may_store(self) -> bool {
        matches!(self, Form::Radius { may_store: true } | Form::RadiusByMember { may_store: true })
    }

    fn source(self) -> usize {
        if self == Form::SearchStore { 2 } else { 1 }
    }
}

/// In which order results come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    /// As they are found.
    None,
    NearestFirst,
    FarthestFirst,
}

/// A request as read. Middle and shape stay as they are where the reference needs none: for a key that is not there.
struct Query<'a> {
    middle: Option<Position>,
    shape: Option<(Shape, Unit)>,
    /// BYPOLYGON, which has a middle of its own.
    polygon: Option<Area>,
    order: Order,
    /// COUNT; 0: all.
    count: usize,
    /// ANY: the first that are found will do.
    any: bool,
    with_distance: bool,
    with_hash: bool,
    with_position: bool,
    target: Option<Key<'a>>,
    store_distance: bool,
}

/// A member inside of the area.
struct Found<'s> {
    member: Elem<'s>,
    position: Position,
    distance_m: f64,
    score: f64,
}

/// Runs one of the commands. O(members in the cells searched), and sorting those inside.
pub(super) fn run(ctx: &mut Ctx<'_>, args: Args<'_>, form: Form) -> Outcome {
    let set = ctx.tx.read::<SortedSet>(args.key(form.source()))?;
    let mut query = Query::read(args, form, set.as_deref())?;
    let area = match (query.middle, query.shape.take()) {
        (Some(middle), Some((shape, unit))) => Some(Area { middle, shape, unit }),
        _ => query.polygon.take(),
    };
    let (Some(set), Some(area)) = (set, area) else {
        match query.target {
            Some(target) => store(ctx, target, form, SortedSet::new()),
            None => ctx.reply.array(0),
        }
        return Ok(());
    };
    let found = query.find(&set, &area);
    let Some(target) = query.target else {
        query.answer(&mut ctx.reply, &found, area.unit);
        return Ok(());
    };
    let score = |found: &Found<'_>| {
        if query.store_distance { found.distance_m / area.unit.metres } else { found.score }
    };
    let mut scored: Vec<(Elem<'_>, f64)> = found.iter().map(|found| (found.member, score(found))).collect();
    scored.sort_by(|a, b| a.1.total_cmp(&b.1).then_with(|| a.0.as_bytes(&mut [0; 20]).cmp(b.0.as_bytes(&mut [0; 20]))));
    let result = SortedSet::from_sorted(scored.len(), scored.into_iter(), &ctx.config.limits);
    store(ctx, target, form, result);
    Ok(())
}

/// Makes the target hold the result, and answers how many members it has.
fn store(ctx: &mut Ctx<'_>, target: Key<'_>, form: Form, result: SortedSet) {
    let count = result.len();
    if count > 0 {
        ctx.tx.put(target, Object::SortedSet(result), Ttl::Clear);
        let event = if form.is_search() { "geosearchstore" } else { "georadiusstore" };
        ctx.tx.notify(Event::SortedSet, event, target);
    } else if ctx.tx.remove(target) {
        ctx.tx.notify(Event::Generic, "del", target);
    }
    ctx.reply.int(count as i64);
}

impl<'a> Query<'a> {
    /// Reads the arguments, in the reference's order of checks: members are looked up on the way.
    fn read(args: Args<'a>, form: Form, set: Option<&SortedSet>) -> Result<Query<'a>, Error> {
        let mut query = Query {
            middle: None,
            shape: None,
            polygon: None,
            order: Order::None,
            count: 0,
            any: false,
            with_distance: false,
            with_hash: false,
            with_position: false,
            target: None,
            store_distance: false,
        };
        let options_at = match form {
            Form::Radius { .. } => {
                query.middle = Some(position(args, 2)?);
                query.shape = Some(circle(args, 4)?);
                6
            }
            Form::RadiusByMember { .. } => {
                // Without a key, not even the radius is looked at.
                if let Some(set) = set {
                    query.middle = Some(of_member(set, args.at(2))?);
                    query.shape = Some(circle(args, 3)?);
                }
                5
            }
            Form::Search => 2,
            Form::SearchStore => {
                query.target = Some(args.key(1));
                3
            }
        };
        let (from, by) = query.options(args, options_at, form, set)?;
        query.check(args, form, from, by)?;
        if query.count > 0 && query.order == Order::None && !query.any {
            query.order = Order::NearestFirst;
        }
        Ok(query)
    }

    /// Reads the options; returns whether one of FROM… and one of BY… was among them.
    fn options(
        &mut self,
        args: Args<'a>,
        first: usize,
        form: Form,
        set: Option<&SortedSet>,
    ) -> Result<(bool, bool), Error> {
        let mut from: Option<&str> = None;
        let mut at = first;
        while at < args.len() {
            let left = args.len() - at - 1;
            let is = |word: &str| args.is(at, word);
            let mut values = 0;
            if is("withdist") {
                self.with_distance = true;
            } else if is("withhash") {
                self.with_hash = true;
            } else if is("withcoord") {
                self.with_position = true;
            } else if is("any") {
                self.any = true;
            } else if is("asc") {
                self.order = Order::NearestFirst;
            } else if is("desc") {
                self.order = Order::FarthestFirst;
            } else if is("count") && left >= 1 {
                let count = usize::try_from(int(args.at(at + 1))?).ok().filter(|count| *count > 0);
                self.count = count.ok_or(Error::Static("ERR COUNT must be > 0"))?;
                values = 1;
            } else if (is("store") || is("storedist")) && left >= 1 && form.may_store() {
                self.target = Some(args.key(at + 1));
                self.store_distance = is("storedist");
                values = 1;
            } else if is("storedist") && form == Form::SearchStore {
                self.store_distance = true;
            } else if is("frommember")
                && left >= 1
                && form.is_search()
                && from != Some("lonlat")
                && self.polygon.is_none()
            {
                self.middle = set.map(|set| of_member(set, args.at(at + 1))).transpose()?;
                from = Some("member");
                values = 1;
            } else if is("fromlonlat")
                && left >= 2
                && form.is_search()
                && from != Some("member")
                && self.polygon.is_none()
            {
                self.middle = Some(position(args, at + 1)?);
                from = Some("lonlat");
                values = 2;
            } else if is("byradius")
                && left >= 2
                && form.is_search()
                && !matches!(self.shape, Some((Shape::Rectangle { .. }, _)))
                && self.polygon.is_none()
            {
                self.shape = Some(circle(args, at + 1)?);
                values = 2;
            } else if is("bybox")
                && left >= 3
                && form.is_search()
                && !matches!(self.shape, Some((Shape::Circle { .. }, _)))
                && self.polygon.is_none()
            {
                self.shape = Some(rectangle(args, at + 1)?);
                values = 3;
            } else if is("bypolygon") && left >= 2 && form.is_search() && from.is_none() && self.shape.is_none() {
                let vertices = vertices(args, at + 1)?;
                values = 1 + vertices.len() * 2;
                self.polygon = Some(Area::polygon(vertices));
            } else {
                return Err(Error::Syntax);
            }
            at += 1 + values;
        }
        let polygon = self.polygon.is_some();
        Ok((from.is_some() || polygon, self.shape.is_some() || polygon))
    }

    /// Whether the options fit together.
    fn check(&self, args: Args<'_>, form: Form, from: bool, by: bool) -> Result<(), Error> {
        if self.target.is_some() && (self.with_distance || self.with_hash || self.with_position) {
            return Err(Error::Static(if form == Form::SearchStore {
                "ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options"
            } else {
                "ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options"
            }));
        }
        let one_of = |words: &[u8]| {
            let line: [&[u8]; 4] = [b"ERR exactly one of ", words, b" can be specified for ", args.at(0)];
            Err(Error::Bytes(line.concat()))
        };
        if form.is_search() && !from {
            return one_of(b"FROMMEMBER or FROMLONLAT");
        }
        if form.is_search() && !by {
            return one_of(b"BYRADIUS and BYBOX");
        }
        if self.any && self.count == 0 {
            return Err(Error::Static("ERR the ANY argument requires COUNT argument"));
        }
        Ok(())
    }

    /// The members asked for, in order.
    fn find<'s>(&self, set: &'s SortedSet, area: &Area) -> Vec<Found<'s>> {
        let inside =
            area.cells().flat_map(|cell| members_with_scores(set, cell.scores())).filter_map(|(member, score)| {
                let position = Position::of_score(score);
                let distance_m = area.distance_inside_m(position)?;
                Some(Found { member, position, distance_m, score })
            });
        let mut found: Vec<Found<'s>> = if self.any { inside.take(self.count).collect() } else { inside.collect() };
        let wanted = if self.count > 0 { self.count.min(found.len()) } else { found.len() };
        let compare = |a: &Found<'s>, b: &Found<'s>| match self.order {
            Order::FarthestFirst => b.distance_m.total_cmp(&a.distance_m),
            _ => a.distance_m.total_cmp(&b.distance_m),
        };
        if self.order != Order::None {
            if wanted == found.len() {
                // Members equally far away stay in the order they were found in.
                found.sort_by(compare);
            } else {
                partial_sort(&mut found, 0..wanted, compare);
            }
        }
        found.truncate(wanted);
        found
    }

    fn answer(&self, reply: &mut Reply<'_>, found: &[Found<'_>], unit: Unit) {
        let details = [self.with_distance, self.with_hash, self.with_position].iter().filter(|with| **with).count();
        reply.array(found.len());
        for found in found {
            if details > 0 {
                reply.array(1 + details);
            }
            bulk(reply, found.member);
            if self.with_distance {
                distance(reply, found.distance_m / unit.metres);
            }
            if self.with_hash {
                reply.int(grid::shown(found.score));
            }
            if self.with_position {
                reply.array(2);
                coordinate(reply, found.position.longitude);
                coordinate(reply, found.position.latitude);
            }
        }
    }
}

/// The members whose scores lie in a range, its end excluded.
fn members_with_scores(set: &SortedSet, scores: std::ops::Range<f64>) -> impl Iterator<Item = (Elem<'_>, f64)> {
    let range = ScoreRange { min: scores.start, max: scores.end, min_exclusive: false, max_exclusive: true };
    set.range(set.ranks_by_score(&range))
}

/// Where a member is.
fn of_member(set: &SortedSet, member: &[u8]) -> Result<Position, Error> {
    let score = set.score(member).ok_or(Error::Static("ERR could not decode requested zset member"))?;
    Ok(Position::of_score(score))
}

/// A length that must not be negative.
fn length(text: &[u8], not_a_number: &'static str) -> Result<f64, Error> {
    parse_float(text).ok_or(Error::Static(not_a_number))
}

/// Reads a radius and its unit.
fn circle(args: Args<'_>, at: usize) -> Result<(Shape, Unit), Error> {
    let radius = length(args.at(at), "ERR need numeric radius")?;
    if radius < 0.0 {
        return Err(Error::Static("ERR radius cannot be negative"));
    }
    Ok((Shape::Circle { radius }, Unit::parse(args.at(at + 1))?))
}

/// Reads a width, a height and their unit.
fn rectangle(args: Args<'_>, at: usize) -> Result<(Shape, Unit), Error> {
    let width = length(args.at(at), "ERR need numeric width")?;
    let height = length(args.at(at + 1), "ERR need numeric height")?;
    if height < 0.0 || width < 0.0 {
        return Err(Error::Static("ERR height or width cannot be negative"));
    }
    Ok((Shape::Rectangle { width, height }, Unit::parse(args.at(at + 2))?))
}

/// Reads a number of corners, and the corners. Three are needed.
fn vertices(args: Args<'_>, at: usize) -> Result<Vec<Position>, Error> {
    let count = parse_int(args.at(at)).and_then(|count| i32::try_from(count).ok());
    let count = count.ok_or(Error::Static("ERR invalid number of vertices"))?;
    let count = usize::try_from(count).ok().filter(|count| *count >= 3 && *count <= (args.len() - at - 1) / 2);
    let count = count.ok_or(Error::Static("ERR GEOSEARCH BYPOLYGON must have at least 3 vertices"))?;
    (0..count).map(|number| position(args, at + 1 + number * 2)).collect()
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;

    fn with_sicily() -> Session {
        let mut session = Session::default();
        session.run("GEOADD {s} 13.361389 38.115556 Palermo 15.087269 37.502669 Catania");
        session.run("GEOADD {s} 12.758489 38.788135 edge1 17.241510 38.788135 edge2");
        session
    }

    #[test]
    fn members_inside_are_found_in_the_order_asked_for() {
        let mut session = with_sicily();
        for (line, reply) in [
            ("GEOSEARCH {s} FROMLONLAT 15 37 BYRADIUS 200 km ASC", "*2 $7 Catania $7 Palermo"),
            ("GEORADIUS {s} 15 37 200 km DESC", "*2 $7 Palermo $7 Catania"),
            ("GEORADIUS_RO {s} 15 37 200 km COUNT 1", "*1 $7 Catania"),
            ("GEORADIUSBYMEMBER {s} Palermo 200 km COUNT 1 ANY", "*1 $7 Palermo"),
            ("GEORADIUSBYMEMBER_RO {s} Palermo 100 km ASC", "*2 $7 Palermo $5 edge1"),
            ("GEOSEARCH {s} FROMMEMBER Catania BYBOX 400 400 km DESC COUNT 2", "*2 $5 edge2 $7 Palermo"),
            ("GEOSEARCH {s} FROMLONLAT 0 0 BYRADIUS 1 m", "*0"),
            ("GEOSEARCH none FROMMEMBER a BYRADIUS 1 m", "*0"),
            ("GEORADIUSBYMEMBER none m x y", "*0"),
        ] {
            assert_eq!(session.run(line), reply, "{line}");
        }
    }

    #[test]
    fn details_come_in_one_order_whatever_was_asked_first() {
        let mut session = with_sicily();
        assert_eq!(
            session.run("GEOSEARCH {s} FROMMEMBER Palermo BYBOX 400 400 km COUNT 2 WITHCOORD WITHHASH WITHDIST"),
            "*2 *4 $7 Palermo $6 0.0000 :3479099956230698 *2 $20 13.36138933897018433 $20 38.11555639549629859 \
             *4 $5 edge1 $7 91.4007 :3479273021651468 *2 $19 12.7584877610206604 $20 38.78813451624225195"
        );
        assert_eq!(
            session.run("GEORADIUS {s} 15 37 200 km WITHDIST"),
            "*2 *2 $7 Palermo $8 190.4424 *2 $7 Catania $7 56.4413"
        );
    }

    #[test]
    fn what_is_found_can_be_stored_with_hashes_or_distances() {
        let mut session = with_sicily();
        assert_eq!(session.run("GEOSEARCHSTORE {s}d {s} FROMLONLAT 15 37 BYRADIUS 200 km STOREDIST"), ":2");
        let distances = "*4 $7 Catania $18 56.441257870158204 $7 Palermo $18 190.44242984775784";
        assert_eq!(session.run("ZRANGE {s}d 0 -1 WITHSCORES"), distances);
        assert_eq!(session.run("GEORADIUS {s} 15 37 200 km STORE {s}d"), ":2");
        let hashes = "*4 $7 Palermo $16 3479099956230698 $7 Catania $16 3479447370796909";
        assert_eq!(session.run("ZRANGE {s}d 0 -1 WITHSCORES"), hashes);
        assert_eq!(session.run("GEORADIUSBYMEMBER {s} Catania 1 m STORE {s}d COUNT 1 STOREDIST {s}"), ":1");
        assert_eq!(session.run("ZRANGE {s} 0 -1 WITHSCORES"), "*2 $7 Catania $1 0");
        assert_eq!(session.run("GEORADIUS {s} 100 0 1 m STORE {s}d"), ":0");
        assert_eq!(session.run("EXISTS {s}d"), ":0");
        assert_eq!(session.run("GEORADIUSBYMEMBER {s}none m x y STORE {s}"), ":0");
        assert_eq!(session.run("EXISTS {s}"), ":0");
    }

    #[test]
    fn polygons_have_a_middle_of_their_own() {
        let mut session = with_sicily();
        let polygon = "BYPOLYGON 4 12 37 12 39 16 39 16 37";
        assert_eq!(session.run(&format!("GEOSEARCH {{s}} {polygon} ASC")), "*3 $7 Palermo $7 Catania $5 edge1");
        assert_eq!(
            session.run(&format!("GEOSEARCH {{s}} COUNT 1 {polygon} WITHDIST")),
            "*1 *2 $7 Palermo $10 56987.4933"
        );
        assert_eq!(session.run(&format!("GEOSEARCHSTORE {{s}}d {{s}} {polygon} STOREDIST")), ":3");
        assert_eq!(session.run("GEOSEARCH {s} BYPOLYGON 3 100 0 101 0 101 1"), "*0");
        assert_eq!(session.run("GEOSEARCH none BYPOLYGON 3 100 0 101 0 101 1"), "*0");
        for (line, error) in [
            ("BYPOLYGON x 1 2 3 4 5 6", "invalid number of vertices"),
            ("BYPOLYGON 2 1 2 3 4", "GEOSEARCH BYPOLYGON must have at least 3 vertices"),
            ("BYPOLYGON 4 1 2 3 4 5 6", "GEOSEARCH BYPOLYGON must have at least 3 vertices"),
            ("BYPOLYGON 3 1 2 3 4 5 86", "invalid longitude,latitude pair 5.000000,86.000000"),
            ("BYPOLYGON 3 1 2 3 4 5 6 FROMLONLAT 1 2", "syntax error"),
            ("FROMLONLAT 1 2 BYPOLYGON 3 1 2 3 4 5 6", "syntax error"),
            ("BYPOLYGON 3 1 2 3 4 5 6 BYRADIUS 1 m", "syntax error"),
            ("BYPOLYGON 3 1 2 3 4 5 6 7", "syntax error"),
        ] {
            assert_eq!(session.run(&format!("GEOSEARCH {{s}} {line}")), format!("-ERR {error}"), "{line}");
        }
        let radius = session.run("GEORADIUS {s} 1 1 1 m BYPOLYGON 3 1 2 3 4 5 6");
        assert_eq!(radius, "-ERR syntax error");
    }

    #[test]
    fn options_that_do_not_fit_are_refused() {
        let mut session = with_sicily();
        for (line, error) in [
            ("GEORADIUSBYMEMBER {s} none 1 km", "could not decode requested zset member"),
            ("GEORADIUS {s} 15 37 -1 km", "radius cannot be negative"),
            ("GEORADIUS {s} 15 37 x km", "need numeric radius"),
            ("GEORADIUS {s} 15 37 1 x", "unsupported unit provided. please use M, KM, FT, MI"),
            ("GEOSEARCH {s} FROMLONLAT 15 37 BYBOX 1 -1 km", "height or width cannot be negative"),
            ("GEOSEARCH {s} FROMLONLAT 15 37 BYBOX x -1 km", "need numeric width"),
            ("GEOSEARCH {s} FROMLONLAT 15 37 BYBOX 1 x km", "need numeric height"),
            ("GEOSEARCH {s} FROMLONLAT 15 37 FROMMEMBER a BYBOX 1 x km", "syntax error"),
            ("GEOSEARCH {s} FROMLONLAT 1 1 BYRADIUS 1 m BYBOX 1 1 m", "syntax error"),
            ("GEOSEARCH {s} FROMLONLAT 1 1 BYRADIUS 1 m STOREDIST", "syntax error"),
            ("GEORADIUS_RO {s} 1 1 1 m STORE d", "syntax error"),
            ("GEOSEARCH {s} FROMLONLAT 1 1 BYRADIUS 1 m ANY", "the ANY argument requires COUNT argument"),
            ("GEOSEARCH {s} FROMLONLAT 1 1 BYRADIUS 1 m COUNT 0", "COUNT must be > 0"),
            (
                "GEOSEARCH {s} BYRADIUS 1 m ASC DESC",
                "exactly one of FROMMEMBER or FROMLONLAT can be specified for GEOSEARCH",
            ),
            (
                "geoSearch {s} FROMLONLAT 1 1 ASC DESC ANY",
                "exactly one of BYRADIUS and BYBOX can be specified for geoSearch",
            ),
            (
                "GEOSEARCHSTORE {s}d {s} FROMLONLAT 1 1 BYRADIUS 1 m WITHDIST",
                "GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options",
            ),
            (
                "GEORADIUS {s} 1 1 1 m STORE {s}d WITHHASH",
                "STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options",
            ),
        ] {
            assert_eq!(session.run(line), format!("-ERR {error}"), "{line}");
        }
    }
}
