//! The older searches by radius.

use super::query::{self, Form};
use crate::command::spec::{KeySpec, OwnKeys, Run, Spec};
use crate::command::{Args, Ctx, Outcome};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "georadius",
        arity: -6,
        flags: "write denyoom movablekeys",
        acl: "@write @geo @slow",
        keys: &[
            KeySpec::range("RO access", 1, 0, 1),
            KeySpec::behind("OW update", "STORE", 6, 0, 0),
            KeySpec::behind("OW update", "STOREDIST", 6, 0, 0),
        ],
        own_keys: Some(OwnKeys::GeoRadius),
        summary: "Query a sorted set representing a geospatial index to fetch members matching a given maximum \
            distance from a point",
        since: "3.2.0",
        group: "geo",
        complexity: "O(N+log(M)) where N is the number of elements inside the bounding box of the circular area \
            delimited by center and radius and M is the number of items inside the index.",
        history: &[
            ("6.2.0", "Added the `ANY` option for `COUNT`."),
            ("7.0.0", "Added support for uppercase unit names."),
        ],
        deprecated: Some(("deprecated", "6.2.0", "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument")),
        args: "key@0 longitude:double latitude:double radius:double unit(M | KM | FT | MI) WITHCOORD? WITHDIST? \
            WITHHASH? count{count:int=COUNT ANY>6.2.0?}? order(ASC | DESC)? key@1=STORE? key@2=STOREDIST?",
        run: Run::Data(georadius),
        ..Spec::BLANK
    },
    Spec {
        name: "georadius_ro",
        arity: -6,
        flags: "readonly",
        acl: "@read @geo @slow",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "A read-only variant for GEORADIUS",
        since: "3.2.10",
        group: "geo",
        complexity: "O(N+log(M)) where N is the number of elements inside the bounding box of the circular area \
            delimited by center and radius and M is the number of items inside the index.",
        history: &[("6.2.0", "Added the `ANY` option for `COUNT`.")],
        deprecated: Some(("deprecated", "6.2.0", "`GEOSEARCH` with the `BYRADIUS` argument")),
        args: "key@0 longitude:double latitude:double radius:double unit(M | KM | FT | MI) WITHCOORD? WITHDIST? \
            WITHHASH? count{count:int=COUNT ANY>6.2.0?}? order(ASC | DESC)?",
        run: Run::Data(georadius_ro),
        ..Spec::BLANK
    },
    Spec {
        name: "georadiusbymember",
        arity: -5,
        flags: "write denyoom movablekeys",
        acl: "@write @geo @slow",
        keys: &[
            KeySpec::range("RO access", 1, 0, 1),
            KeySpec::behind("OW update", "STORE", 5, 0, 0),
            KeySpec::behind("OW update", "STOREDIST", 5, 0, 0),
        ],
        own_keys: Some(OwnKeys::GeoRadius),
        summary: "Query a sorted set representing a geospatial index to fetch members matching a given maximum \
            distance from a member",
        since: "3.2.0",
        group: "geo",
        complexity: "O(N+log(M)) where N is the number of elements inside the bounding box of the circular area \
            delimited by center and radius and M is the number of items inside the index.",
        history: &[("7.0.0", "Added support for uppercase unit names.")],
        deprecated: Some((
            "deprecated",
            "6.2.0",
            "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments",
        )),
        args: "key@0 member radius:double unit(M | KM | FT | MI) WITHCOORD? WITHDIST? WITHHASH? count{count:int=COUNT \
            ANY?}? order(ASC | DESC)? key@1=STORE? key@2=STOREDIST?",
        run: Run::Data(georadiusbymember),
        ..Spec::BLANK
    },
    Spec {
        name: "georadiusbymember_ro",
        arity: -5,
        flags: "readonly",
        acl: "@read @geo @slow",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "A read-only variant for GEORADIUSBYMEMBER",
        since: "3.2.10",
        group: "geo",
        complexity: "O(N+log(M)) where N is the number of elements inside the bounding box of the circular area \
            delimited by center and radius and M is the number of items inside the index.",
        deprecated: Some(("deprecated", "6.2.0", "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments")),
        args: "key@0 member radius:double unit(M | KM | FT | MI) WITHCOORD? WITHDIST? WITHHASH? count{count:int=COUNT \
            ANY?}? order(ASC | DESC)?",
        run: Run::Data(georadiusbymember_ro),
        ..Spec::BLANK
    },
];

fn georadius(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    query::run(ctx, args, Form::Radius { may_store: true })
}

fn georadius_ro(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    query::run(ctx, args, Form::Radius { may_store: false })
}

fn georadiusbymember(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    query::run(ctx, args, Form::RadiusByMember { may_store: true })
}

fn georadiusbymember_ro(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    query::run(ctx, args, Form::RadiusByMember { may_store: false })
}
