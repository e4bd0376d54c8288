//! Searching around a position.

use super::query::{self, Form};
use crate::command::spec::{KeySpec, Run, Spec};
use crate::command::{Args, Ctx, Outcome};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "geosearch",
        arity: -7,
        flags: "readonly",
        acl: "@read @geo @slow",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Query a sorted set representing a geospatial index to fetch members inside an area of a box or a \
            circle.",
        since: "6.2.0",
        group: "geo",
        complexity: "O(N+log(M)) where N is the number of elements in the grid-aligned bounding box area around the \
            shape provided as the filter and M is the number of items inside the shape",
        history: &[
            ("7.0.0", "Added support for uppercase unit names."),
            ("9.0.0", "Added the `BYPOLYGON` option (Valkey)."),
        ],
        args: "key@0 search-type(radius-or-box{from(member:string=FROMMEMBER | \
            longitude_latitude=FROMLONLAT{longitude:double latitude:double}) by(circle{radius:double=BYRADIUS \
            unit(M | KM | FT | MI)} | box{width:double=BYBOX height:double unit(M | KM | FT | MI)})} | \
            polygon{num-vertices:int=BYPOLYGON vertices{longitude:double latitude:double}*}>9.0.0) order(ASC | \
            DESC)? count{count:int=COUNT ANY?}? WITHCOORD? WITHDIST? WITHHASH?",
        run: Run::Data(geosearch),
        ..Spec::BLANK
    },
    Spec {
        name: "geosearchstore",
        arity: -8,
        flags: "write denyoom",
        acl: "@write @geo @slow",
        keys: &[KeySpec::range("OW update", 1, 0, 1), KeySpec::range("RO access", 2, 0, 1)],
        summary: "Query a sorted set representing a geospatial index to fetch members inside an area of a box or a \
            circle, and store the result in another key.",
        since: "6.2.0",
        group: "geo",
        complexity: "O(N+log(M)) where N is the number of elements in the grid-aligned bounding box area around the \
            shape provided as the filter and M is the number of items inside the shape",
        history: &[
            ("7.0.0", "Added support for uppercase unit names."),
            ("9.0.0", "Added the `BYPOLYGON` option (Valkey)."),
        ],
        args: "destination@0 source@1 search-type(radius-or-box{from(member:string=FROMMEMBER | \
            longitude_latitude=FROMLONLAT{longitude:double latitude:double}) by(circle{radius:double=BYRADIUS \
            unit(M | KM | FT | MI)} | box{width:double=BYBOX height:double unit(M | KM | FT | MI)})} | \
            polygon{num-vertices:int=BYPOLYGON vertices{longitude:double latitude:double}*}>9.0.0) order(ASC | \
            DESC)? count{count:int=COUNT ANY?}? STOREDIST?",
        run: Run::Data(geosearchstore),
        ..Spec::BLANK
    },
];

fn geosearch(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    query::run(ctx, args, Form::Search)
}

fn geosearchstore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    query::run(ctx, args, Form::SearchStore)
}
