//! The table of directives: all of redis 7.0.15, and the few that are slotwise's own.
//!
//! Rows marked `ignored` are known and kept, so that an existing redis.conf starts and tools can read them, but
//! a cache may do without what they ask for; setting one at start-up is answered by a warning.

use super::directive::{Directive, Kind, bytes, int, one, other, text, yes_no};
use super::rules;

const I64: i64 = i64::MAX;
const I32: i64 = i32::MAX as i64;
const U32: i64 = u32::MAX as i64;
const BYTES: u64 = i64::MAX as u64;
const ACCESS: &[&str] = &["no", "yes", "local"];
const ON_SIGNAL: Kind = Kind::SomeOf(&["default", "save", "nosave", "now", "force"]);
const EVICTION: &[&str] = &[
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "noeviction",
];
const FACILITIES: &[&str] = &["user", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"];

/// All directives.
pub const DIRECTIVES: &[Directive] = &[
    // Sockets and clients.
    other("bind", "* -::*", Kind::Own(rules::bind)),
    int("port", "6379", 0, 65535),
    int("tcp-backlog", "511", 0, I32).fixed(),
    int("tcp-keepalive", "300", 0, I32),
    int("timeout", "0", 0, I32),
    int("maxclients", "10000", 1, U32),
    bytes("client-query-buffer-limit", "1073741824", 1 << 20, BYTES),
    other(
        "client-output-buffer-limit",
        "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60",
        Kind::Own(rules::output_limits),
    ),
    other("maxmemory-clients", "0", Kind::MemoryOrPercent),
    bytes("proto-max-bulk-len", "536870912", 1 << 20, BYTES),
    yes_no("protected-mode", "yes"),
    text("bind-source-addr", "").ignored(),
    text("unixsocket", "").fixed().ignored(),
    other("unixsocketperm", "0", Kind::Octal).fixed().ignored(),
    int("socket-mark-id", "0", 0, U32).fixed().ignored(),
    // Who may do what.
    text("requirepass", "").secret(),
    one("enable-debug-command", "no", ACCESS).fixed(),
    one("enable-module-command", "no", ACCESS).fixed().ignored(),
    one("enable-protected-configs", "no", ACCESS).fixed(),
    text("aclfile", "").fixed().ignored(),
    one("acl-pubsub-default", "resetchannels", &["allchannels", "resetchannels"]),
    int("acllog-max-len", "128", 0, I64),
    // The process.
    // No directive of the reference: tools that set what CONFIG GET * shows must not meet it.
    int("threads", "0", 0, 1024).fixed().hidden(),
    int("databases", "16", 1, I32).fixed(),
    other("dir", ".", Kind::Own(rules::directory)).protected(),
    text("logfile", "").fixed(),
    one("loglevel", "notice", &["debug", "verbose", "notice", "warning"]),
    other("hz", "10", Kind::Own(rules::hz)),
    yes_no("dynamic-hz", "yes"),
    int("io-threads", "1", 1, 128).fixed().ignored(),
    yes_no("io-threads-do-reads", "no").fixed().ignored(),
    yes_no("daemonize", "no").fixed().ignored(),
    one("supervised", "no", &["upstart", "systemd", "auto", "no"]).fixed().ignored(),
    text("pidfile", "").fixed().ignored(),
    yes_no("always-show-logo", "no").fixed(),
    yes_no("set-proc-title", "yes").fixed().ignored(),
    other("proc-title-template", "{title} {listen-addr} {server-mode}", Kind::Own(rules::title)).ignored(),
    yes_no("syslog-enabled", "no").fixed().ignored(),
    text("syslog-ident", "redis").fixed().ignored(),
    one("syslog-facility", "local0", FACILITIES).fixed().ignored(),
    text("server_cpulist", "").fixed().ignored(),
    text("bio_cpulist", "").fixed().ignored(),
    text("aof_rewrite_cpulist", "").fixed().ignored(),
    text("bgsave_cpulist", "").fixed().ignored(),
    yes_no("disable-thp", "yes").fixed(),
    one("oom-score-adj", "no", &["no", "yes", "relative", "absolute"]).ignored(),
    other("oom-score-adj-values", "0 200 800", Kind::Own(rules::oom_values)).ignored(),
    yes_no("crash-log-enabled", "yes"),
    yes_no("crash-memcheck-enabled", "yes"),
    yes_no("use-exit-on-panic", "no").hidden(),
    text("ignore-warnings", ""),
    int("shutdown-timeout", "10", 0, I32),
    other("shutdown-on-sigint", "default", ON_SIGNAL),
    other("shutdown-on-sigterm", "default", ON_SIGNAL),
    // What is watched.
    int("slowlog-log-slower-than", "10000", -1, I64).alias("commandlog-execution-slower-than"),
    int("slowlog-max-len", "128", 0, I64).alias("commandlog-slow-execution-max-len"),
    int("commandlog-request-larger-than", "1048576", -1, I64),
    int("commandlog-large-request-max-len", "128", 0, I64),
    int("commandlog-reply-larger-than", "1048576", -1, I64),
    int("commandlog-large-reply-max-len", "128", 0, I64),
    int("latency-monitor-threshold", "0", 0, I64),
    yes_no("latency-tracking", "yes"),
    other("latency-tracking-info-percentiles", "50 99 99.9", Kind::Own(rules::percentiles)),
    other("notify-keyspace-events", "", Kind::Own(rules::notify_events)),
    int("tracking-table-max-keys", "1000000", 0, I64),
    // Encodings.
    int("hash-max-listpack-entries", "512", 0, I64).alias("hash-max-ziplist-entries"),
    bytes("hash-max-listpack-value", "64", 0, BYTES).alias("hash-max-ziplist-value"),
    int("list-max-listpack-size", "-2", -I32 - 1, I32).alias("list-max-ziplist-size"),
    int("list-compress-depth", "0", 0, I32),
    int("set-max-intset-entries", "512", 0, I64),
    int("set-max-listpack-entries", "128", 0, I64),
    bytes("set-max-listpack-value", "64", 0, BYTES),
    int("zset-max-listpack-entries", "128", 0, I64).alias("zset-max-ziplist-entries"),
    bytes("zset-max-listpack-value", "64", 0, BYTES).alias("zset-max-ziplist-value"),
    bytes("stream-node-max-bytes", "4096", 0, BYTES),
    int("stream-node-max-entries", "100", 0, I64),
    bytes("hll-sparse-max-bytes", "3000", 0, BYTES),
    // Memory.
    bytes("maxmemory", "0", 0, u64::MAX),
    one("maxmemory-policy", "noeviction", EVICTION),
    int("maxmemory-samples", "5", 1, I32),
    int("maxmemory-eviction-tenacity", "10", 0, 100),
    int("lfu-log-factor", "10", 0, I32),
    int("lfu-decay-time", "1", 0, I32),
    int("active-expire-effort", "1", 1, 10),
    yes_no("activerehashing", "yes"),
    yes_no("jemalloc-bg-thread", "yes"),
    yes_no("lazyfree-lazy-eviction", "no"),
    yes_no("lazyfree-lazy-expire", "no"),
    yes_no("lazyfree-lazy-server-del", "no"),
    yes_no("lazyfree-lazy-user-del", "no"),
    yes_no("lazyfree-lazy-user-flush", "no"),
    yes_no("activedefrag", "no").ignored(),
    int("active-defrag-cycle-max", "25", 1, 99),
    int("active-defrag-cycle-min", "1", 1, 99),
    bytes("active-defrag-ignore-bytes", "104857600", 1, BYTES),
    int("active-defrag-max-scan-fields", "1000", 1, I64),
    int("active-defrag-threshold-lower", "10", 0, 1000),
    int("active-defrag-threshold-upper", "100", 0, 1000),
    // Scripts.
    int("busy-reply-threshold", "5000", 0, I64).alias("lua-time-limit"),
    // The cluster.
    yes_no("cluster-enabled", "no").fixed(),
    text("cluster-config-file", "nodes.conf").fixed(),
    int("cluster-port", "0", 0, 65535).fixed(),
    text("cluster-announce-ip", ""),
    int("cluster-announce-port", "0", 0, 65535),
    int("cluster-announce-tls-port", "0", 0, 65535),
    int("cluster-announce-bus-port", "0", 0, 65535),
    other("cluster-announce-hostname", "", Kind::Own(rules::hostname)),
    one("cluster-preferred-endpoint-type", "ip", &["ip", "hostname", "unknown-endpoint"]),
    int("cluster-node-timeout", "15000", 0, I64),
    int("cluster-migration-barrier", "1", 0, I32),
    int("cluster-replica-validity-factor", "10", 0, I32).alias("cluster-slave-validity-factor"),
    yes_no("cluster-replica-no-failover", "no").alias("cluster-slave-no-failover"),
    yes_no("cluster-require-full-coverage", "yes"),
    yes_no("cluster-slot-stats-enabled", "no"),
    yes_no("cluster-allow-reads-when-down", "no"),
    yes_no("cluster-allow-pubsubshard-when-down", "yes"),
    yes_no("cluster-allow-replica-migration", "yes"),
    bytes("cluster-link-sendbuf-limit", "0", 0, u64::MAX),
    // Replication.
    other("replicaof", "", Kind::Own(rules::replica_of)).fixed().alias("slaveof").ignored(),
    text("masterauth", "").secret(),
    text("masteruser", "").secret(),
    bytes("repl-backlog-size", "1048576", 1, BYTES),
    int("repl-backlog-ttl", "3600", 0, I64),
    yes_no("repl-disable-tcp-nodelay", "no"),
    one("repl-diskless-load", "disabled", &["disabled", "on-empty-db", "swapdb"]),
    yes_no("repl-diskless-sync", "yes"),
    int("repl-diskless-sync-delay", "5", 0, I32),
    int("repl-diskless-sync-max-replicas", "0", 0, I32),
    int("repl-ping-replica-period", "10", 1, I32).alias("repl-ping-slave-period"),
    int("repl-timeout", "60", 1, I32),
    text("replica-announce-ip", "").alias("slave-announce-ip"),
    int("replica-announce-port", "0", 0, 65535).alias("slave-announce-port"),
    yes_no("replica-announced", "yes"),
    yes_no("replica-ignore-disk-write-errors", "no"),
    yes_no("replica-ignore-maxmemory", "yes").alias("slave-ignore-maxmemory"),
    yes_no("replica-lazy-flush", "no").alias("slave-lazy-flush"),
    int("replica-priority", "100", 0, I32).alias("slave-priority"),
    yes_no("replica-read-only", "yes").alias("slave-read-only"),
    yes_no("replica-serve-stale-data", "yes").alias("slave-serve-stale-data"),
    int("min-replicas-max-lag", "10", 0, I32).alias("min-slaves-max-lag"),
    int("min-replicas-to-write", "0", 0, I32).alias("min-slaves-to-write"),
    one("propagation-error-behavior", "ignore", &["ignore", "panic", "panic-on-replicas"]),
    // Persistence.
    other("save", "3600 1 300 100 60 10000", Kind::Own(rules::save)).ignored(),
    other("dbfilename", "dump.rdb", Kind::FileName("dbfilename can't be a path, just a filename")).protected(),
    yes_no("appendonly", "no").ignored(),
    other("appendfilename", "appendonly.aof", Kind::FileName("appendfilename can't be a path, just a filename"))
        .fixed(),
    other("appenddirname", "appendonlydir", Kind::FileName("appenddirname can't be a path, just a dirname")).fixed(),
    one("appendfsync", "everysec", &["everysec", "always", "no"]),
    yes_no("no-appendfsync-on-rewrite", "no"),
    int("auto-aof-rewrite-percentage", "100", 0, I32),
    bytes("auto-aof-rewrite-min-size", "67108864", 0, BYTES),
    yes_no("aof-disable-auto-gc", "no"),
    yes_no("aof-load-truncated", "yes"),
    yes_no("aof-rewrite-incremental-fsync", "yes"),
    yes_no("aof-timestamp-enabled", "no"),
    yes_no("aof-use-rdb-preamble", "yes"),
    yes_no("rdb-del-sync-files", "no"),
    yes_no("rdb-save-incremental-fsync", "yes"),
    yes_no("rdbchecksum", "yes").fixed(),
    yes_no("rdbcompression", "yes"),
    yes_no("stop-writes-on-bgsave-error", "yes"),
    one("sanitize-dump-payload", "no", &["no", "yes", "clients"]),
    int("rdb-key-save-delay", "0", -I32 - 1, I32).hidden(),
    int("key-load-delay", "0", -I32 - 1, I32).hidden(),
    int("loading-process-events-interval-bytes", "2097152", 1024, I32).hidden(),
    // TLS.
    other("tls-port", "0", Kind::Own(rules::tls_port)),
    one("tls-auth-clients", "yes", &["no", "yes", "optional"]),
    text("tls-ca-cert-dir", "").ignored(),
    text("tls-ca-cert-file", "").ignored(),
    text("tls-cert-file", "").ignored(),
    text("tls-ciphers", "").ignored(),
    text("tls-ciphersuites", "").ignored(),
    text("tls-client-cert-file", "").ignored(),
    text("tls-client-key-file", "").ignored(),
    text("tls-client-key-file-pass", "").secret().ignored(),
    yes_no("tls-cluster", "no").ignored(),
    text("tls-dh-params-file", "").ignored(),
    text("tls-key-file", "").ignored(),
    text("tls-key-file-pass", "").secret().ignored(),
    yes_no("tls-prefer-server-ciphers", "no"),
    text("tls-protocols", "").ignored(),
    yes_no("tls-replication", "no").ignored(),
    int("tls-session-cache-size", "20480", 0, I32),
    int("tls-session-cache-timeout", "300", 0, I32),
    yes_no("tls-session-caching", "yes"),
];

/// Words at the start of a line that newer or older servers of this family take, and that do no harm when left
/// out: a warning, no error.
pub const SKIPPED: &[&str] = &[
    "list-max-ziplist-entries",
    "list-max-ziplist-value",
    "lua-replicate-commands",
    "locale-collate",
    "hide-user-data-from-log",
    "prefetch-batch-max-size",
    "events-per-io-thread",
    "extended-redis-compatibility",
    "availability-zone",
    "cluster-compatibility-sample-ratio",
    "replica-full-sync-buffer-limit",
    "max-new-connections-per-cycle",
    "max-new-tls-connections-per-cycle",
];

/// Index of the directive of this name or older name, whatever the case.
pub fn find(name: &[u8]) -> Option<usize> {
    let is = |known: &str| known.as_bytes().eq_ignore_ascii_case(name);
    DIRECTIVES.iter().position(|directive| is(directive.name) || directive.alias.is_some_and(is))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_name_is_there_once_and_every_default_is_canonical() {
        let mut names = HashSet::new();
        // `dir` becomes an absolute path.
        for directive in DIRECTIVES.iter().filter(|directive| directive.name != "dir") {
            assert!(names.insert(directive.name), "{}", directive.name);
            assert!(directive.alias.is_none_or(|alias| names.insert(alias)), "{}", directive.name);
            let default = directive.default.as_bytes();
            let words: Vec<&[u8]> = if directive.takes_words() {
                default.split(|byte| *byte == b' ').filter(|word| !word.is_empty()).collect()
            } else {
                vec![default]
            };
            let read = directive.read(default, &words);
            assert_eq!(
                read.as_deref().map(String::from_utf8_lossy),
                Ok(directive.default.into()),
                "{}",
                directive.name
            );
        }
    }

    #[test]
    fn an_old_name_finds_the_same_row() {
        assert_eq!(find(b"Hash-Max-Ziplist-Entries"), find(b"hash-max-listpack-entries"));
        assert_eq!(find(b"no-such-thing"), None);
    }
}
