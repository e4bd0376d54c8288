//! Adding positions and asking about them.

use crate::command::spec::{KeySpec, Spec};

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
        ..Spec::BLANK
    },
];
