//! Adding positions and asking about them.

use super::area::{Unit, distance_m};
use super::grid::Position;
use super::{coordinate, distance, position};
use crate::command::sorted_set::add::{self, Options};
use crate::command::spec::{KeySpec, Run, Spec};
use crate::command::{Args, Ctx, Error, Outcome};
use crate::store::value::sorted_set::SortedSet;

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "geoadd",
        arity: -5,
        flags: "write denyoom",
        acl: "@write @geo @slow",
        keys: &[KeySpec::range("RW update", 1, 0, 1)],
        summary: "Add one or more geospatial items in the geospatial index represented using a sorted set",
        since: "3.2.0",
        group: "geo",
        complexity: "O(log(N)) for each item added, where N is the number of elements in the sorted set.",
        history: &[("6.2.0", "Added the `CH`, `NX` and `XX` options.")],
        args: "key@0 condition(NX | XX)>6.2.0? change=CH>6.2.0? longitude_latitude_member{longitude:double \
            latitude:double member}*",
        run: Run::Data(geoadd),
        ..Spec::BLANK
    },
    Spec {
        name: "geopos",
        arity: -2,
        flags: "readonly",
        acl: "@read @geo @slow",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Returns longitude and latitude of members of a geospatial index",
        since: "3.2.0",
        group: "geo",
        complexity: "O(N) where N is the number of members requested.",
        args: "key@0 member*",
        first_member: 2,
        run: Run::Data(geopos),
        ..Spec::BLANK
    },
    Spec {
        name: "geodist",
        arity: -4,
        flags: "readonly",
        acl: "@read @geo @slow",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Returns the distance between two members of a geospatial index",
        since: "3.2.0",
        group: "geo",
        complexity: "O(log(N))",
        args: "key@0 member1 member2 unit(M | KM | FT | MI)?",
        first_member: 2,
        run: Run::Data(geodist),
        ..Spec::BLANK
    },
    Spec {
        name: "geohash",
        arity: -2,
        flags: "readonly",
        acl: "@read @geo @slow",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Returns members of a geospatial index as standard geohash strings",
        since: "3.2.0",
        group: "geo",
        complexity: "O(log(N)) for each member requested, where N is the number of elements in the sorted set.",
        args: "key@0 member*",
        first_member: 2,
        run: Run::Data(geohash),
        ..Spec::BLANK
    },
];

/// GEOADD key [NX | XX] [CH] longitude latitude member [longitude latitude member …].
fn geoadd(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let mut options = Options::default();
    let mut first = 2;
    for word in args.skip(2) {
        let option = match word {
            _ if word.eq_ignore_ascii_case(b"nx") => &mut options.nx,
            _ if word.eq_ignore_ascii_case(b"xx") => &mut options.xx,
            _ if word.eq_ignore_ascii_case(b"ch") => &mut options.changed,
            _ => break,
        };
        *option = true;
        first += 1;
    }
    let arguments = args.len() - first;
    if arguments == 0 || !arguments.is_multiple_of(3) || (options.nx && options.xx) {
        return Err(Error::Syntax);
    }
    // All positions are read before anything changes.
    let scored = (first..args.len()).step_by(3).map(|at| Ok((args.at(at + 2), position(args, at)?.score())));
    let scored = scored.collect::<Result<Vec<_>, Error>>()?;
    add::upsert(ctx, args.key(1), options, scored.into_iter())
}

/// GEOPOS key [member …].
fn geopos(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let set = ctx.tx.read::<SortedSet>(args.key(1))?;
    ctx.reply.array(args.len() - 2);
    for member in args.skip(2) {
        match set.as_ref().and_then(|set| set.score(member)) {
            Some(score) => {
                let position = Position::of_score(score);
                ctx.reply.array(2);
                coordinate(&mut ctx.reply, position.longitude);
                coordinate(&mut ctx.reply, position.latitude);
            }
            None => ctx.reply.null_array(),
        }
    }
    Ok(())
}

/// GEODIST key member1 member2 [unit].
fn geodist(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let unit = match args.len() {
        4 => Unit::METRE,
        5 => Unit::parse(args.at(4))?,
        _ => return Err(Error::Syntax),
    };
    let set = ctx.tx.read::<SortedSet>(args.key(1))?;
    let place = |index| Some(Position::of_score(set.as_ref()?.score(args.at(index))?));
    match (place(2), place(3)) {
        (Some(a), Some(b)) => distance(&mut ctx.reply, distance_m(a, b) / unit.metres),
        _ => ctx.reply.null(),
    }
    Ok(())
}

/// GEOHASH key [member …].
fn geohash(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let set = ctx.tx.read::<SortedSet>(args.key(1))?;
    ctx.reply.array(args.len() - 2);
    for member in args.skip(2) {
        match set.as_ref().and_then(|set| set.score(member)) {
            Some(score) => ctx.reply.bulk(&Position::of_score(score).text()),
            None => ctx.reply.null(),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;
    use crate::resp::Protocol;

    fn with_sicily() -> Session {
        let mut session = Session::default();
        session.run("GEOADD s 13.361389 38.115556 Palermo 15.087269 37.502669 Catania");
        session
    }

    #[test]
    fn geoadd_counts_what_it_added_or_with_ch_changed() {
        let mut session = Session::default();
        assert_eq!(session.run("GEOADD s 13.361389 38.115556 a 15.087269 37.502669 b"), ":2");
        assert_eq!(session.run("GEOADD s CH XX 13 38 a 13 38 new"), ":1");
        assert_eq!(session.run("GEOADD s nx ch 14 39 a 14 39 new"), ":1");
        assert_eq!(session.run("ZRANGE s 0 -1"), "*3 $1 a $3 new $1 b");
        assert_eq!(session.run("ZSCORE s b"), "$16 3479447370796909");
    }

    #[test]
    fn geoadd_that_does_not_parse_adds_nothing() {
        let mut session = Session::default();
        for (line, error) in [
            ("GEOADD s 1 2 a 3", "-ERR syntax error"),
            ("GEOADD s NX XX 1 2 a", "-ERR syntax error"),
            ("GEOADD s NX CH CH", "-ERR syntax error"),
            ("GEOADD s x 2 a", "-ERR value is not a valid float"),
            ("GEOADD s 1 2 a 181 2 b", "-ERR invalid longitude,latitude pair 181.000000,2.000000"),
            ("GEOADD s 1 -85.06 a", "-ERR invalid longitude,latitude pair 1.000000,-85.060000"),
            ("GEOADD s inf 0 a", "-ERR invalid longitude,latitude pair inf,0.000000"),
        ] {
            assert_eq!(session.run(line), error, "{line}");
        }
        assert_eq!(session.run("EXISTS s"), ":0");
    }

    #[test]
    fn positions_distances_and_texts_are_the_references() {
        let mut session = with_sicily();
        assert_eq!(session.run("GEOPOS s Palermo none"), "*2 *2 $20 13.36138933897018433 $20 38.11555639549629859 *-1");
        assert_eq!(session.run("GEOPOS none a"), "*1 *-1");
        assert_eq!(session.run("GEOPOS s"), "*0");
        assert_eq!(session.run("GEOHASH s Palermo none Catania"), "*3 $11 sqc8b49rny0 $-1 $11 sqdtr74hyu0");
        assert_eq!(session.run("GEODIST s Palermo Catania"), "$11 166274.1516");
        assert_eq!(session.run("GEODIST s Palermo Catania KM"), "$8 166.2742");
        assert_eq!(session.run("GEODIST s Palermo Palermo"), "$6 0.0000");
        assert_eq!(session.run("GEODIST s Palermo none"), "$-1");
        assert_eq!(session.run("GEODIST none a b"), "$-1");
        session.protocol = Protocol::Resp3;
        assert_eq!(session.run("GEOPOS s Palermo none"), "*2 *2 ,13.36138933897018433 ,38.11555639549629859 _");
        assert_eq!(session.run("GEODIST s Palermo Catania mi"), "$8 103.3182");
    }

    #[test]
    fn geodist_looks_at_its_unit_first() {
        let mut session = Session::default();
        session.run("SET k v");
        let unit = "-ERR unsupported unit provided. please use M, KM, FT, MI";
        assert_eq!(session.run("GEODIST k a b x"), unit);
        assert_eq!(session.run("GEODIST k a b x y"), "-ERR syntax error");
        for line in ["GEODIST k a b", "GEOPOS k a", "GEOHASH k a", "GEOADD k 1 2 a"] {
            assert!(session.run(line).starts_with("-WRONGTYPE"), "{line}");
        }
    }

    #[test]
    fn scores_that_are_no_geohashes_are_read_as_if_they_were() {
        let mut session = Session::default();
        session.run("ZADD s -1 a inf b 1e300 d 4503599627370496 e 0 f");
        let (first, last) = ("$11 00bh0hbj200", "$11 bp05b5048p0");
        assert_eq!(session.run("GEOHASH s a b d e f"), format!("*5 {last} {first} {first} {last} {first}"));
        assert_eq!(session.run("GEOPOS s a"), "*1 *2 $3 180 $19 85.0511287799999991");
    }
}
