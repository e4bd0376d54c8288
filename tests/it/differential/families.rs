//! The commands of every family as templates, with weights.
//!
//! A step is one or a few requests that are judged together: a random pick (SPOP, SRANDMEMBER …) travels with the reads
//! that say what it may be. See `compare` for how each is judged.

use super::compare::SortOptions;
use super::grammar::Form;
use super::vocabulary::Vocabulary;
use super::wire::Request;

/// Requests that are judged, and left out, together.
pub type Step = Vec<Request>;

/// How often a step gets a broken argument, in percent.
const BROKEN_PERCENT: u8 = 7;

/// One way to draw a step.
struct Template {
    /// The templates with smaller numbers have this much weight.
    weight_before: u32,
    forms: Vec<Form>,
    /// The kind of key that `KEY` stands for, in a step that is only comparable as it stands.
    scene: Option<u8>,
}

/// All templates of the chosen families.
pub struct Grammar {
    templates: Vec<Template>,
    weight: u32,
}

/// Family, weight and template of the steps that are one request.
const TEMPLATES: &[(&str, u32, &str)] = &[
    ("string", 14, "SET ks v {[NX|XX] [GET] [EX ttl|PX pttl|EXAT at|PXAT pat|KEEPTTL]}"),
    ("string", 6, "SET ks v"),
    ("string", 5, "GET ks"),
    ("string", 2, "GETSET ks v"),
    ("string", 2, "GETDEL ks"),
    ("string", 4, "GETEX ks [EX ttl|PX pttl|EXAT at|PXAT pat|PERSIST]"),
    ("string", 2, "SETNX ks v"),
    ("string", 2, "SETEX ks ttl v"),
    ("string", 2, "PSETEX ks pttl v"),
    ("string", 4, "APPEND ks v"),
    ("string", 2, "STRLEN ks"),
    ("string", 4, "SETRANGE ks off v"),
    ("string", 4, "GETRANGE ks i i"),
    ("string", 1, "SUBSTR ks i i"),
    ("string", 3, "INCR ks"),
    ("string", 3, "DECR ks"),
    ("string", 4, "INCRBY ks n"),
    ("string", 4, "DECRBY ks n"),
    ("string", 6, "INCRBYFLOAT ks fl"),
    ("string", 3, "MGET ks+"),
    ("string", 3, "MSET (ks v)+"),
    ("string", 2, "MSETNX (ks v)+"),
    ("string", 5, "LCS ks ks {[LEN] [IDX] [MINMATCHLEN n] [WITHMATCHLEN]}"),
    ("bitmap", 8, "SETBIT kb bit (0|1)"),
    ("bitmap", 1, "SETBIT kb bit n"),
    ("bitmap", 3, "GETBIT kb bit"),
    ("bitmap", 6, "BITCOUNT kb [i i [BYTE|BIT]]"),
    ("bitmap", 8, "BITPOS kb (0|1) [i [i [BYTE|BIT]]]"),
    ("bitmap", 1, "BITPOS kb n i i BIT"),
    ("bitmap", 6, "BITOP (AND|OR|XOR) kb kb+"),
    ("bitmap", 3, "BITOP NOT kb kb"),
    ("bitmap", 12, "BITFIELD kb (GET ty boff|SET ty boff n|INCRBY ty boff n|OVERFLOW (WRAP|SAT|FAIL))*"),
    ("bitmap", 6, "BITFIELD kb OVERFLOW (WRAP|SAT|FAIL) (SET ty boff n|INCRBY ty boff n)+"),
    ("bitmap", 3, "BITFIELD_RO kb (GET ty boff)+"),
    ("bitmap", 1, "BITFIELD_RO kb (GET ty boff|SET ty boff n)+"),
    ("bitmap", 2, "SET kb v"),
    ("bitmap", 2, "GET kb"),
    ("generic", 4, "DEL k+"),
    ("generic", 2, "UNLINK k+"),
    ("generic", 3, "EXISTS k+"),
    ("generic", 1, "TOUCH k+"),
    ("generic", 3, "TYPE k"),
    ("generic", 6, "(EXPIRE k ttl|PEXPIRE k pttl|EXPIREAT k at|PEXPIREAT k pat) [NX|XX|GT|LT]"),
    ("generic", 2, "(EXPIRE k ttl|EXPIREAT k at) (NX|XX|GT|LT)+"),
    ("generic", 4, "(TTL|PTTL|EXPIRETIME|PEXPIRETIME) k"),
    ("generic", 2, "PERSIST k"),
    ("generic", 3, "(RENAME|RENAMENX) k k"),
    ("generic", 5, "COPY k k {[DB db] [REPLACE]}"),
    ("generic", 2, "MOVE k db"),
    ("generic", 3, "KEYS glob"),
    ("generic", 2, "SCAN 0 COUNT 1000000 {[MATCH glob] [TYPE (string|list|set|zset|hash|STREAM|nosuch)]}"),
    ("generic", 1, "SCAN (0|n) {[MATCH glob] [COUNT (0|5|1000000|abc|-1)] [TYPE (string|list|nosuch)]}"),
    ("generic", 7, "(SORT|SORT_RO) (kl|kt|kz) {[BY by] [LIMIT i c] [ASC|DESC] [ALPHA] [GET get] [GET get]}"),
    ("generic", 4, "SORT (kl|kt|kz) {[BY by] [LIMIT i c] [GET get] [STORE k]}"),
    ("generic", 2, "SORT (kl|kt|kz) {[ASC|DESC] [ALPHA] [STORE k]}"),
    ("generic", 1, "SORT_RO kl [STORE k]"),
    ("generic", 2, "SET wk (v|fl)"),
    ("generic", 4, "OBJECT ENCODING k"),
    ("generic", 1, "OBJECT (REFCOUNT|IDLETIME|FREQ|NOSUCH) k"),
    ("generic", 3, "DUMP k"),
    ("generic", 6, "RESTORE k (0|0|pttl|pat|n) payload {[REPLACE] [ABSTTL] [IDLETIME n|FREQ n]}"),
    ("generic", 4, "RESTORE k 0 payload REPLACE"),
    ("hash", 8, "HSET kh (f v)+"),
    ("hash", 3, "HMSET kh (f v)+"),
    ("hash", 2, "HSETNX kh f v"),
    ("hash", 3, "HGET kh f"),
    ("hash", 3, "HMGET kh f+"),
    ("hash", 5, "HDEL kh f+"),
    ("hash", 2, "HLEN kh"),
    ("hash", 2, "HSTRLEN kh f"),
    ("hash", 2, "HEXISTS kh f"),
    ("hash", 3, "(HKEYS|HVALS|HGETALL) kh"),
    ("hash", 5, "HINCRBY kh f n"),
    ("hash", 7, "HINCRBYFLOAT kh f fl"),
    ("hash", 3, "HSCAN kh 0 COUNT 100000 [MATCH glob]"),
    ("hash", 1, "HSCAN kh (0|n) {[COUNT c] [MATCH glob]}"),
    ("hash", 3, "OBJECT ENCODING kh"),
    ("list", 6, "(LPUSH|RPUSH) kl e+"),
    ("list", 2, "(LPUSHX|RPUSHX) kl e+"),
    ("list", 4, "(LPOP|RPOP) kl [c]"),
    ("list", 2, "LLEN kl"),
    ("list", 3, "LINDEX kl i"),
    ("list", 4, "LSET kl i e"),
    ("list", 5, "LRANGE kl i i"),
    ("list", 2, "LTRIM kl i i"),
    ("list", 4, "LREM kl i e"),
    ("list", 5, "LINSERT kl (BEFORE|AFTER) e e"),
    ("list", 7, "LPOS kl e {[RANK i] [COUNT c] [MAXLEN c]}"),
    ("list", 3, "RPOPLPUSH kl kl"),
    ("list", 4, "LMOVE kl kl (LEFT|RIGHT) (LEFT|RIGHT)"),
    ("list", 4, "LMPOP numkeys:kl (LEFT|RIGHT) [COUNT c]"),
    ("list", 2, "OBJECT ENCODING kl"),
    ("set", 8, "SADD kt e+"),
    ("set", 3, "SADD kt (1|2|3|4|5|6|7)+"),
    ("set", 4, "SREM kt e+"),
    ("set", 2, "SISMEMBER kt e"),
    ("set", 3, "SMISMEMBER kt e+"),
    ("set", 2, "SCARD kt"),
    ("set", 3, "SMEMBERS kt"),
    ("set", 5, "(SINTER|SUNION|SDIFF) kt+"),
    ("set", 5, "(SINTERSTORE|SUNIONSTORE|SDIFFSTORE) kt kt+"),
    ("set", 4, "SINTERCARD numkeys:kt [LIMIT c]"),
    ("set", 3, "SMOVE kt kt e"),
    ("set", 3, "SSCAN kt 0 COUNT 100000 [MATCH glob]"),
    ("set", 1, "SSCAN kt (0|n) {[COUNT c] [MATCH glob]}"),
    ("set", 3, "OBJECT ENCODING kt"),
    ("sorted_set", 14, "ZADD kz {[NX|XX] [GT|LT] [CH] [INCR]} (sc e)+"),
    ("sorted_set", 8, "ZADD kz (sc e)+"),
    ("sorted_set", 4, "ZADD kz [CH] INCR sc e"),
    ("sorted_set", 4, "ZINCRBY kz sc e"),
    ("sorted_set", 3, "ZREM kz e+"),
    ("sorted_set", 2, "ZCARD kz"),
    ("sorted_set", 3, "ZCOUNT kz sb sb"),
    ("sorted_set", 5, "ZADD kx [CH] (0 e)+"),
    ("sorted_set", 1, "ZREM kx e+"),
    ("sorted_set", 1, "(COPY kx kx [REPLACE]|SET kx v|DEL kx|DEL kx)"),
    ("sorted_set", 2, "(ZRANGE kx i i [REV]|ZRANK kx e|ZPOPMIN kx|ZUNIONSTORE kz 2 kx kz)"),
    ("sorted_set", 3, "ZLEXCOUNT kx lb lb"),
    ("sorted_set", 2, "ZSCORE kz e"),
    ("sorted_set", 2, "ZMSCORE kz e+"),
    ("sorted_set", 3, "(ZRANK|ZREVRANK) kz e"),
    ("sorted_set", 4, "ZRANGE kz i i {[REV] [WITHSCORES]}"),
    ("sorted_set", 6, "ZRANGE kz sb sb {BYSCORE [REV] [LIMIT i i] [WITHSCORES]}"),
    ("sorted_set", 5, "ZRANGE kx lb lb {BYLEX [REV] [LIMIT i i]}"),
    ("sorted_set", 1, "ZRANGE kz (i|sb|lb) (i|sb|lb) {[BYSCORE|REV] [REV] [LIMIT i i] [WITHSCORES]}"),
    ("sorted_set", 3, "ZRANGESTORE kz kz i i [REV]"),
    ("sorted_set", 3, "ZRANGESTORE kz kz sb sb {BYSCORE [REV] [LIMIT i i]}"),
    ("sorted_set", 3, "ZRANGESTORE kx kx lb lb {BYLEX [REV] [LIMIT i i]}"),
    ("sorted_set", 2, "ZREVRANGE kz i i [WITHSCORES]"),
    ("sorted_set", 4, "(ZRANGEBYSCORE|ZREVRANGEBYSCORE) kz sb sb {[WITHSCORES] [LIMIT i i]}"),
    ("sorted_set", 4, "(ZRANGEBYLEX|ZREVRANGEBYLEX) kx lb lb [LIMIT i i]"),
    ("sorted_set", 1, "ZREMRANGEBYRANK kz i i"),
    ("sorted_set", 1, "ZREMRANGEBYSCORE kz sb sb"),
    ("sorted_set", 1, "ZREMRANGEBYLEX kx lb lb"),
    ("sorted_set", 3, "(ZPOPMIN|ZPOPMAX) kz [c]"),
    ("sorted_set", 4, "ZMPOP numkeys:kz (MIN|MAX) [COUNT c]"),
    ("sorted_set", 5, "(ZUNION|ZINTER) numkeys:kz {[WEIGHTS weights] [AGGREGATE (SUM|MIN|MAX)] [WITHSCORES]}"),
    ("sorted_set", 5, "(ZUNION|ZINTER) 2 kz kt {[WEIGHTS weights] [AGGREGATE (SUM|MIN|MAX)] [WITHSCORES]}"),
    ("sorted_set", 5, "(ZUNIONSTORE|ZINTERSTORE) kz 2 kz (kz|kt) {[WEIGHTS weights] [AGGREGATE (SUM|MIN|MAX)]}"),
    ("sorted_set", 3, "(ZUNIONSTORE|ZINTERSTORE) kz numkeys:kz {[WEIGHTS weights] [AGGREGATE (SUM|MIN|MAX)]}"),
    ("sorted_set", 3, "ZDIFF numkeys:kz [WITHSCORES]"),
    ("sorted_set", 3, "ZDIFFSTORE kz numkeys:kz"),
    ("sorted_set", 3, "ZINTERCARD numkeys:kz [LIMIT c]"),
    ("sorted_set", 3, "ZSCAN kz 0 COUNT 100000 [MATCH glob]"),
    ("sorted_set", 1, "ZSCAN kz (0|n) {[COUNT c] [MATCH glob]}"),
    ("sorted_set", 3, "OBJECT ENCODING kz"),
    ("stream", 30, "XADD kr xid (f v)+"),
    ("stream", 8, "XADD kr {[NOMKSTREAM] [MAXLEN [=|~] c [LIMIT c]|MINID [=|~] id [LIMIT c]]} xid (f v)+"),
    ("stream", 2, "XADD kr {[NOMKSTREAM] [MAXLEN c] [MINID id] [LIMIT c]} xid (f v)*"),
    ("stream", 3, "XLEN kr"),
    ("stream", 8, "(XRANGE|XREVRANGE) kr ib ib [COUNT c]"),
    ("stream", 6, "XDEL kr id+"),
    ("stream", 5, "XTRIM kr (MAXLEN|MAXLEN|MINID) [=|~] (c|id) [LIMIT c]"),
    ("stream", 2, "XSETID kr id {[ENTRIESADDED c] [MAXDELETEDID id]}"),
    ("stream", 6, "XREAD [COUNT c] STREAMS kr (id|$)"),
    ("stream", 3, "XREAD {[COUNT c] [BLOCK 1]} STREAMS kr kr (id|$|>) (id|$)"),
    ("stream", 16, "XREADGROUP GROUP grp con {[COUNT c] [NOACK]} STREAMS kr >"),
    ("stream", 6, "XREADGROUP GROUP grp con {[COUNT c] [NOACK]} STREAMS kr id"),
    ("stream", 3, "XREADGROUP GROUP grp con {[COUNT c] [NOACK] [BLOCK 1]} STREAMS kr kr (id|>|$) (id|>)"),
    ("stream", 8, "XGROUP CREATE kr grp (id|$|0) {[MKSTREAM] [ENTRIESREAD n]}"),
    ("stream", 3, "XGROUP SETID kr grp (id|$|-|+) [ENTRIESREAD n]"),
    ("stream", 1, "XGROUP DESTROY kr grp"),
    ("stream", 3, "XGROUP CREATECONSUMER kr grp con"),
    ("stream", 2, "XGROUP DELCONSUMER kr grp con"),
    ("stream", 7, "XACK kr grp id+"),
    ("stream", 4, "XPENDING kr grp"),
    ("stream", 6, "XPENDING kr grp [IDLE idle] ib ib c [con]"),
    ("stream", 8, "XCLAIM kr grp con idle id+ {[IDLE idle|TIME (1|idle)] [RETRYCOUNT n] [FORCE] [JUSTID] [LASTID id]}"),
    ("stream", 6, "XAUTOCLAIM kr grp con idle ib {[COUNT c] [JUSTID]}"),
    ("stream", 4, "XINFO STREAM kr"),
    ("stream", 4, "XINFO STREAM kr FULL [COUNT c]"),
    ("stream", 3, "XINFO GROUPS kr"),
    ("stream", 3, "XINFO CONSUMERS kr grp"),
    ("stream", 1, "(XINFO|XGROUP) (HELP|NOSUCH) [kr] [e]"),
    ("stream", 2, "(DEL kr|COPY kr kr REPLACE|RENAME kr kr|OBJECT ENCODING kr|TYPE kr)"),
    ("server", 1, "CONFIG SET stream-node-max-entries n"),
    ("geo", 8, "GEOADD kg {[NX|XX] [CH]} (lo la e)+"),
    ("geo", 8, "GEOADD kg (lo la e)+"),
    ("geo", 3, "GEOPOS kg e*"),
    ("geo", 3, "GEOHASH kg e*"),
    ("geo", 4, "GEODIST kg e e [un]"),
    (
        "geo",
        9,
        "GEOSEARCH kg {(FROMMEMBER e|FROMLONLAT lo la) (BYRADIUS rad un|BYBOX rad rad un) [ASC|DESC] [COUNT c [ANY]] \
         [WITHCOORD] [WITHDIST] [WITHHASH]}",
    ),
    (
        "geo",
        1,
        "GEOSEARCH kg {[FROMMEMBER e] [FROMLONLAT lo la] [BYRADIUS rad un] [BYBOX rad rad un] [COUNT c] [ANY] \
         [STOREDIST] [WITHDIST]}",
    ),
    (
        "geo",
        4,
        "GEOSEARCHSTORE kg kg {(FROMMEMBER e|FROMLONLAT lo la) (BYRADIUS rad un|BYBOX rad rad un) [ASC|DESC] \
         [COUNT c [ANY]] [STOREDIST]}",
    ),
    (
        "geo",
        5,
        "(GEORADIUS|GEORADIUS_RO) kg lo la rad un {[ASC|DESC] [COUNT c [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH]}",
    ),
    (
        "geo",
        5,
        "(GEORADIUSBYMEMBER|GEORADIUSBYMEMBER_RO) kg e rad un {[ASC|DESC] [COUNT c [ANY]] [WITHCOORD] [WITHDIST] \
         [WITHHASH]}",
    ),
    (
        "geo",
        4,
        "(GEORADIUS kg lo la rad un|GEORADIUSBYMEMBER kg e rad un) {[ASC|DESC] [COUNT c [ANY]] [STORE kg] \
         [STOREDIST kg]}",
    ),
    (
        "geo",
        1,
        "(GEORADIUS_RO kg lo la rad un|GEORADIUSBYMEMBER_RO kg e rad un) {[WITHDIST] [STORE kg] [STOREDIST kg]}",
    ),
    ("geo", 2, "ZREM kg e+"),
    ("geo", 1, "ZADD kg sc e"),
    ("geo", 2, "ZRANGE kg 0 -1 [WITHSCORES]"),
    ("geo", 1, "OBJECT ENCODING kg"),
    ("hyperloglog", 8, "PFADD kp e*"),
    ("hyperloglog", 2, "PFADD kp elements"),
    ("hyperloglog", 5, "PFCOUNT kp"),
    ("hyperloglog", 4, "PFCOUNT kp+"),
    ("hyperloglog", 5, "PFMERGE kp kp*"),
    ("hyperloglog", 3, "PFDEBUG (DECODE|ENCODING|NOSUCH) kp"),
    ("hyperloglog", 1, "PFDEBUG (TODENSE|GETREG) kp"),
    ("hyperloglog", 2, "GET kp"),
    ("hyperloglog", 2, "OBJECT ENCODING kp"),
    ("hyperloglog", 1, "(APPEND kp e|SETRANGE kp off e|SETBIT kp bit (0|1))"),
    ("hyperloglog", 2, "(DEL kp|COPY kp kp REPLACE)"),
    ("connection", 3, "PING [v]"),
    ("connection", 3, "ECHO v"),
    ("connection", 2, "AUTH v [v]"),
    ("connection", 6, "SELECT db"),
    ("connection", 2, "CLIENT SETNAME e"),
    ("connection", 2, "CLIENT GETNAME"),
    ("connection", 1, "CLIENT (ID|INFO|LIST|NOSUCH) [e]"),
    ("connection", 1, "CLIENT NO-EVICT (ON|OFF|e)"),
    ("connection", 1, "CLIENT REPLY (ON|e)"),
    ("connection", 1, "CLIENT UNBLOCK 99999999 [TIMEOUT|ERROR|e]"),
    ("connection", 1, "HELLO (4|1|abc|n)"),
    ("connection", 1, "HELLO (2|3) (AUTH e e|e|SETNAME)"),
    ("connection", 1, "NOSUCHCOMMAND v*"),
    ("connection", 1, "v v*"),
    ("server", 3, "DBSIZE"),
    ("server", 1, "(FLUSHDB|FLUSHALL) [ASYNC|SYNC|e]"),
    ("server", 2, "SWAPDB db db"),
    ("server", 1, "(TIME|LASTSAVE|LOLWUT)"),
    ("server", 3, "CONFIG GET setting+"),
    ("server", 1, "CONFIG SET hash-max-listpack-entries n"),
    ("server", 1, "CONFIG SET set-max-intset-entries n"),
    ("server", 1, "CONFIG SET zset-max-ziplist-entries n"),
    ("server", 1, "CONFIG SET hll-sparse-max-bytes (0|60|3000|n)"),
    ("server", 1, "CONFIG SET (hash-max-listpack-value|zset-max-listpack-value) (8|64|n)"),
    ("server", 1, "CONFIG (SET setting|RESETSTAT|NOSUCH|GET)"),
    (
        "server",
        2,
        "COMMAND GETKEYS (SET k v|MSET (k v)+|SORT k [STORE k]|ZUNIONSTORE k numkeys:k|LMPOP numkeys:k LEFT)",
    ),
    (
        "server",
        2,
        "COMMAND GETKEYS (BITOP AND k k+|OBJECT ENCODING k|GET|PING|NOSUCH k|COPY k k|SINTERCARD numkeys:k|ZMPOP numkeys:k)",
    ),
    ("server", 1, "COMMAND GETKEYSANDFLAGS (SET k v|MSET (k v)+|SORT k [STORE k]|LMOVE k k LEFT RIGHT|SET k v GET)"),
    ("server", 1, "COMMAND INFO (GET|SET|ZADD|LMPOP|SORT|NOSUCH|BITOP)"),
    ("server", 1, "MEMORY (USAGE k [SAMPLES (0|5|n)]|NOSUCH)"),
    ("server", 1, "OBJECT (HELP|e)"),
    ("server", 1, "INFO [e]"),
    ("cluster", 6, "CLUSTER KEYSLOT (k|v)"),
    ("cluster", 4, "CLUSTER COUNTKEYSINSLOT slot"),
    ("cluster", 4, "CLUSTER GETKEYSINSLOT slot (100000|0|-1|abc)"),
    ("cluster", 1, "CLUSTER (INFO|MYID|NOSUCH|SLOTS|NODES|SHARDS|LINKS) [e]"),
    ("cluster", 1, "(ADDSLOTS|CLUSTER ADDSLOTS|CLUSTER DELSLOTS) (abc|16384|-1)"),
    ("cluster", 1, "CLUSTER (ADDSLOTS|ADDSLOTSRANGE) (0|1)+"),
    ("cluster", 1, "(READONLY|READWRITE|ASKING) [e]"),
];

/// Steps of several requests, comparable only as they stand: random picks (what may be picked, the pick, what is left),
/// and what ends in the state it began with. `KEY` is one key of the kind, `PROTOCOL` the sequence's.
const SCENES: &[(&str, u32, u8, &[&str])] = &[
    ("set", 3, b't', &["SMEMBERS KEY", "SRANDMEMBER KEY [csafe]"]),
    ("set", 3, b't', &["SMEMBERS KEY", "SPOP KEY [c]", "SMEMBERS KEY", "DEL KEY"]),
    ("hash", 4, b'h', &["HGETALL KEY", "HRANDFIELD KEY [csafe [WITHVALUES]]"]),
    ("sorted_set", 4, b'z', &["ZRANGE KEY 0 -1 WITHSCORES", "ZRANDMEMBER KEY [csafe [WITHSCORES]]"]),
    ("set", 2, b't', &["OBJECT ENCODING KEY", "SMEMBERS KEY"]),
    ("hash", 4, b'h', &["OBJECT ENCODING KEY", "HGETALL KEY"]),
    ("set", 1, b't', &["SPOP KEY (1000000|0|-1|abc|9223372036854775808)"]),
    ("set", 1, b't', &["SPOP KEY 1 1"]),
    ("set", 1, b't', &["SRANDMEMBER KEY (abc|0|1 1)"]),
    ("hash", 1, b'h', &["HRANDFIELD KEY (abc|0|1 WITHSCORES|WITHVALUES)"]),
    ("sorted_set", 1, b'z', &["ZRANDMEMBER KEY (abc|0|1 WITHVALUES|WITHSCORES)"]),
    // Where the encoding says in which order the elements come, the order of equal weights is judged too.
    (
        "generic",
        3,
        b'l',
        &[
            "OBJECT ENCODING KEY",
            "(SORT|SORT_RO) KEY {[BY by] [LIMIT i c] [ASC|DESC] [ALPHA] [GET get]}",
            "ZRANGESTORE KEY KEY 0 -1",
        ],
    ),
    (
        "generic",
        1,
        b'z',
        &["OBJECT ENCODING KEY", "SORT KEY {BY nosort [LIMIT i c] [ASC|DESC] [GET get]}", "ZRANGESTORE KEY KEY 0 -1"],
    ),
    // A key whose TTL has passed is gone for every command.
    ("string", 1, b's', &["SET KEY v PX 1", "DEBUG SLEEP 0.005", "GET KEY", "EXISTS KEY", "TTL KEY"]),
    ("string", 1, b's', &["SET KEY v (EXAT 1600000000|PXAT 1)", "GET KEY", "EXISTS KEY"]),
    (
        "sorted_set",
        2,
        b'z',
        &[
            "ZADD KEY (5e-324|1e400|-1e400|1e-400) e",
            "ZRANGE KEY 0 -1 WITHSCORES",
            "DEL KEY",
            "INCRBYFLOAT nosuchfloat abc",
        ],
    ),
    ("sorted_set", 1, b'z', &["ZRANGEBYSCORE KEY (5e-324|-1e400) (1e400|1e-400)", "INCRBYFLOAT nosuchfloat abc"]),
    (
        "string",
        1,
        b's',
        &["INCRBYFLOAT KEY (5e-324|1e400|-1e400|1e-400|1e5000|1e-5000)", "INCRBYFLOAT nosuchfloat abc"],
    ),
    ("hash", 1, b'h', &["HINCRBYFLOAT KEY f (5e-324|1e400|1e-400|1e5000)", "INCRBYFLOAT nosuchfloat abc"]),
    ("stream", 1, b'r', &["DEBUG DIGEST-VALUE KEY"]),
    (
        "stream",
        1,
        b'r',
        &["(XADD KEY|XDEL KEY|XRANGE KEY -) 18446744073709551616-1 f v", "INCRBYFLOAT nosuchfloat abc"],
    ),
    ("generic", 1, b'h', &["KEYS all", "RANDOMKEY"]),
    ("connection", 1, b'h', &["RESET", "HGETALL KEY", "CONFIG GET maxmemory", "HELLO PROTOCOL"]),
    ("connection", 1, b'h', &["HELLO (2|3) [SETNAME e]", "HGETALL KEY", "CLIENT GETNAME", "HELLO PROTOCOL"]),
    ("generic", 1, b'h', &["HSET KEY f v", "PEXPIRE KEY 1", "DEBUG SLEEP 0.005", "TYPE KEY", "HGETALL KEY"]),
];

impl Grammar {
    /// The templates of the families that `chosen` accepts.
    ///
    /// # Panics
    /// When no family is chosen.
    pub fn new(chosen: impl Fn(&str) -> bool) -> Grammar {
        let mut grammar = Grammar { templates: Vec::new(), weight: 0 };
        for (family, weight, template) in TEMPLATES {
            if chosen(family) {
                grammar.add(*weight, vec![Form::parse(template)], None);
            }
        }
        for (family, weight, kind, templates) in SCENES {
            if chosen(family) {
                grammar.add(*weight, templates.iter().map(|template| Form::parse(template)).collect(), Some(*kind));
            }
        }
        assert!(grammar.weight > 0, "no such family");
        grammar
    }

    fn add(&mut self, weight: u32, forms: Vec<Form>, scene: Option<u8>) {
        self.templates.push(Template { weight_before: self.weight, forms, scene });
        self.weight += weight;
    }

    /// Draws the next step of a sequence that speaks `protocol`.
    pub fn draw(&self, words: &mut Vocabulary, protocol: u8) -> Step {
        loop {
            let at = words.rng.u32(..self.weight);
            let index = self.templates.partition_point(|template| template.weight_before <= at) - 1;
            let template = &self.templates[index];
            let mut step: Step = template.forms.iter().map(|form| drawn(form, words)).collect();
            match template.scene {
                Some(kind) => set_scene(&mut step, kind, words, protocol),
                None => {
                    if words.chance(BROKEN_PERCENT) {
                        break_request(&mut step[0], &template.forms[0], words);
                    }
                    if !comparable(&step[0]) {
                        continue;
                    }
                    if step[0].len() > 1 && step[0][0].to_ascii_uppercase().starts_with(b"SORT") {
                        step.push(repack(&step[0][1]));
                    }
                }
            }
            return step;
        }
    }
}

/// The steps a sequence starts with: a key of each type, so that one family alone meets wrong types.
pub fn seeds(words: &mut Vocabulary) -> Vec<Step> {
    [
        "SET ks v",
        "RPUSH kl e+",
        "SADD kt e+",
        "HSET kh (f v)+",
        "ZADD kz (sc e)+",
        "XADD kr 1-1 (f v)+",
        "GEOADD kg (lo la e)+",
        "PFADD kp e+",
    ]
    .iter()
    .map(|template| vec![drawn(&Form::parse(template), words)])
    .collect()
}

fn drawn(form: &Form, words: &mut Vocabulary) -> Request {
    let mut request = Request::new();
    form.draw(words, &mut request);
    request
}

fn set_scene(step: &mut Step, kind: u8, words: &mut Vocabulary, protocol: u8) {
    let mut key = Vec::new();
    words.draw(&format!("k{}", kind as char), &mut key);
    for arg in step.iter_mut().flatten() {
        if arg.eq_ignore_ascii_case(b"KEY") {
            arg.clone_from(&key[0]);
        } else if arg.eq_ignore_ascii_case(b"PROTOCOL") {
            *arg = protocol.to_string().into_bytes();
        }
    }
}

/// Spoils a request: one argument more, less, other, doubled or moved.
fn break_request(request: &mut Request, form: &Form, words: &mut Vocabulary) {
    let mut tokens = Vec::new();
    form.tokens(&mut tokens);
    let wrong = if tokens.len() > 1 && words.chance(60) {
        let token = words.pick(&tokens[1..]);
        words.in_some_case(token)
    } else {
        words.junk()
    };
    let at = words.rng.usize(1..=request.len());
    match words.rng.u8(..6) {
        0 => request.truncate(at),
        1 if at < request.len() => drop(request.remove(at)),
        2 if at < request.len() => request[at] = wrong,
        3 if at < request.len() => request.insert(at, request[at].clone()),
        4 if at + 1 < request.len() => request.swap(at, at + 1),
        _ => request.insert(at, wrong),
    }
}

/// Whether two correct servers must answer alike, and cheaply. Spoiling and odd numbers can lead out of that.
fn comparable(request: &Request) -> bool {
    let upper: Vec<Vec<u8>> = request.iter().map(|arg| arg.to_ascii_uppercase()).collect();
    let number = |at: usize| -> Option<i64> { std::str::from_utf8(upper.get(at)?).ok()?.parse().ok() };
    let Some(name) = upper.first() else { return false };
    if !keeps_names_ordered(&upper) {
        return false;
    }
    // As with the floats of `vocabulary`: an id out of range would make a later SORT fail. A scene tries one.
    let overflows = |arg: &Vec<u8>| {
        let digits = |part: &[u8]| part.len() > 19 && part.iter().all(u8::is_ascii_digit);
        arg.split(|byte| *byte == b'-').any(|part| digits(part) && part != b"18446744073709551615")
    };
    if name.starts_with(b"X") && upper.iter().any(overflows) {
        return false;
    }
    let soon = |at: usize, unit_ms: i64| number(at).is_some_and(|n| (1..1_000_000 / unit_ms * 10).contains(&n));
    let age = |at: usize| number(at).is_some_and(|ms| (1..1_000_000).contains(&ms));
    let huge = |at: usize, past: i64| number(at).is_some_and(|n| n > past && n < i64::from(u32::MAX));
    match name.as_slice() {
        // A TTL that could run out while the sequence runs.
        b"EXPIRE" | b"SETEX" => !soon(2, 1000),
        b"PEXPIRE" | b"PSETEX" | b"RESTORE" => !soon(2, 1),
        b"SET" | b"GETEX" => (1..upper.len()).all(|at| match upper[at].as_slice() {
            b"EX" => !soon(at + 1, 1000),
            b"PX" => !soon(at + 1, 1),
            // SET keeps a key that is born expired until somebody looks at it or a timer finds it.
            b"EXAT" | b"PXAT" => name != b"SET" || number(at + 1).is_none_or(|n| !(1..4_000_000_000).contains(&n)),
            _ => true,
        }),
        // The id would be the time.
        b"XADD" => !upper.iter().any(|arg| arg == b"*"),
        // An age about as long as the sequence runs.
        // See `exceptions`: a count of deliveries is kept in 32 bits.
        b"XCLAIM" => {
            let large = |at: usize| upper[at] == b"RETRYCOUNT" && number(at + 1) > Some(i64::from(u32::MAX));
            !age(4) && !(5..upper.len()).any(large)
        }
        b"XAUTOCLAIM" => !age(4) && (5..upper.len()).all(|at| upper[at] != b"COUNT" || !huge(at + 1, 1_000_000)),
        b"XPENDING" => !age(4),
        b"XREAD" | b"XREADGROUP" => (1..upper.len()).all(|at| upper[at] != b"BLOCK" || number(at + 1) == Some(1)),
        // Values of hundreds of megabytes, on two servers.
        b"SETRANGE" => !huge(2, 100_000) || number(2) > Some(536_870_911),
        b"SETBIT" => !huge(2, 1_000_000),
        b"BITFIELD" => (2..upper.len()).all(|at| !huge(at, 1_000_000) && !huge_slot(&upper[at])),
        // Random picks are drawn as scenes.
        b"SPOP" | b"SRANDMEMBER" | b"HRANDFIELD" | b"ZRANDMEMBER" | b"RANDOMKEY" => false,
        // What changes the protocol, silences the connection or stops the server.
        b"RESET" | b"QUIT" | b"SHUTDOWN" | b"DEBUG" | b"MONITOR" | b"SUBSCRIBE" => false,
        b"HELLO" => upper.len() > 2 || !matches!(upper.get(1).map(Vec::as_slice), Some(b"2" | b"3")),
        b"CLIENT" => {
            !matches!(upper.get(1).map(Vec::as_slice), Some(b"KILL" | b"PAUSE" | b"TRACKING"))
                && !(upper.get(1).map(Vec::as_slice) == Some(b"REPLY")
                    && upper.get(2).map(Vec::as_slice) != Some(b"ON"))
        }
        // Equal weights leave the order to the sort algorithm; stored, that order would be part of the state.
        b"SORT" => !SortOptions::of(request).stores_any_order(),
        _ => true,
    }
}

/// After a SORT of the key: in the reference it turns a small sorted set into a skip list, for good. Stored onto itself
/// it is packed again; other types do not take this.
fn repack(key: &[u8]) -> Request {
    ["ZRANGESTORE", "", "", "0", "-1"].map(|arg| if arg.is_empty() { key.to_vec() } else { arg.into() }).to_vec()
}

/// Ranges by name are asked of the keys `x…` only, and those get elements of score 0 only. See `Vocabulary`.
fn keeps_names_ordered(upper: &[Vec<u8>]) -> bool {
    let one_score =
        |at: usize| matches!(upper.get(at).map(Vec::as_slice), None | Some([b'X', _] | [b'{', _, b'}', b'X', _]));
    let by_name = upper.iter().any(|arg| arg == b"BYLEX");
    match upper[0].as_slice() {
        b"ZLEXCOUNT" | b"ZRANGEBYLEX" | b"ZREVRANGEBYLEX" | b"ZREMRANGEBYLEX" => one_score(1),
        b"ZRANGE" => !by_name || one_score(1),
        b"ZRANGESTORE" => {
            if by_name {
                one_score(1) && one_score(2)
            } else {
                !one_score(1)
            }
        }
        b"COPY" | b"RENAME" | b"RENAMENX" => one_score(1) || !one_score(2),
        b"ZADD" if one_score(1) => {
            let first = upper.iter().skip(2).position(|arg| !arg.iter().all(u8::is_ascii_alphabetic) || arg.is_empty());
            upper.iter().skip(2 + first.unwrap_or(0)).step_by(2).all(|score| score == b"0")
        }
        b"ZINCRBY" | b"ZUNIONSTORE" | b"ZINTERSTORE" => !one_score(1),
        _ => true,
    }
}

/// `#n` in BITFIELD: the n-th field of up to 64 bits.
fn huge_slot(arg: &[u8]) -> bool {
    let number = arg.strip_prefix(b"#").and_then(|n| std::str::from_utf8(n).ok()?.parse::<i64>().ok());
    number.is_some_and(|n| (20_000..67_108_865).contains(&n))
}
