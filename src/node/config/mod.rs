//! The settings of a node, resolved: what the directives of a redis.conf come to.
//!
//! [`Settings`] holds every directive as written (in canonical form); [`Config`] is what the node reads, in
//! types of its own. CONFIG SET makes new settings, resolves them, and replaces the node's `Config` as a whole.

pub mod directive;
pub mod rewrite;
pub mod rules;
mod settings;
pub mod source;
pub mod table;

pub use super::notifications::Notifications;
use rules::BindAddress;
pub use settings::Settings;
pub use source::ConfigError;

use super::{evict, lazyfree};
use crate::command::DataConfig;
use crate::store::DATABASES_MAX;
use crate::store::value::Limits;
use source::Sources;
use std::path::PathBuf;

/// Longest read buffer whatever is set: the request parser counts bytes in 32 bits, and one more read may come
/// before the limit is looked at.
const QUERY_BUFFER_BYTES_MAX: usize = 3 << 30;

/// Settings of one node. Replaced as a whole when CONFIG SET changes one.
#[derive(Clone, Debug)]
pub struct Config {
    /// `bind`: addresses to listen on.
    pub bind: Vec<BindAddress>,
    /// `port`: client port; 0 takes a free one.
    pub port: u16,
    /// `tcp-backlog`: connections waiting to be accepted.
    pub tcp_backlog: u32,
    /// `tcp-keepalive`: probes an idle connection after so many seconds; 0: never.
    pub tcp_keepalive_s: u64,
    /// `timeout`: an idle client is closed after so many seconds; 0: never.
    pub timeout_s: u64,
    /// `protected-mode`: without a password only this machine may connect.
    pub protected_mode: bool,
    /// `cluster-enabled`.
    pub cluster_enabled: bool,
    /// `cluster-require-full-coverage`: nothing is served while a slot has no owner.
    pub require_full_coverage: bool,
    /// `cluster-slot-stats-enabled`: time and bytes are counted for each slot.
    pub slot_stats: bool,
    /// `databases`.
    pub databases: usize,
    /// `maxclients`.
    pub clients_max: usize,
    /// `requirepass`; empty: none is needed.
    pub password: Vec<u8>,
    /// `client-query-buffer-limit`, in bytes.
    pub query_buffer_bytes_max: usize,
    /// Hard limit of `client-output-buffer-limit pubsub`: bytes that a subscriber may leave unread.
    pub pubsub_unread_bytes_max: usize,
    /// `notify-keyspace-events`.
    pub notifications: Notifications,
    /// Threads that serve connections.
    pub threads: usize,
    /// `dir`.
    pub directory: PathBuf,
    /// `slowlog-log-slower-than`, µs; negative: nothing is logged.
    pub slowlog_slower_than_us: i64,
    /// `slowlog-max-len`.
    pub slowlog_len_max: usize,
    /// `commandlog-request-larger-than`, in bytes; `usize::MAX`: nothing is logged.
    pub logged_request_bytes: usize,
    /// `commandlog-large-request-max-len`.
    pub large_requests_len_max: usize,
    /// `commandlog-reply-larger-than`, in bytes; `usize::MAX`: nothing is logged.
    pub logged_reply_bytes: usize,
    /// `commandlog-large-reply-max-len`.
    pub large_replies_len_max: usize,
    /// `latency-monitor-threshold`, ms; 0: off.
    pub latency_threshold_ms: u64,
    /// `latency-tracking`.
    pub latency_tracking: bool,
    /// `enable-debug-command`.
    pub debug_command: Access,
    /// `enable-protected-configs`.
    pub protected_configs: Access,
    /// `lazyfree-lazy-*`: who frees in the background.
    pub lazyfree: lazyfree::Settings,
    /// `active-expire-effort`: how much of a core expired keys may take.
    pub expire_effort: u32,
    /// `maxmemory` and its policy.
    pub memory: evict::Settings,
    /// What data commands heed.
    pub data: DataConfig,
    /// Every directive as written.
    pub settings: Settings,
    /// The file it was read from, for CONFIG REWRITE.
    pub file: Option<PathBuf>,
}

/// From where a guarded command may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nowhere.
    No,
    /// Everywhere.
    Yes,
    /// This machine.
    Local,
}

impl Access {
    fn read(value: &[u8]) -> Access {
        match value {
            b"yes" => Access::Yes,
            b"local" => Access::Local,
            _ => Access::No,
        }
    }

    /// Whether a client at this address may call it.
    pub fn allows(self, peer: std::net::IpAddr) -> bool {
        self == Access::Yes || self == Access::Local && peer.is_loopback()
    }
}

/// The defaults, except that it listens on this machine only.
impl Default for Config {
    fn default() -> Config {
        let bind = ["--bind".to_owned(), "127.0.0.1".to_owned()];
        Config::from_args(&bind).expect("the defaults are settings").0
    }
}

impl Config {
    /// Settings as `redis-server` takes them: `[FILE] [-] [--directive value…]…`. Answers warnings as well, one
    /// for each directive that is known but has no effect here. Reads files, and standard input for `-`.
    pub fn from_args(args: &[String]) -> Result<(Config, Vec<String>), ConfigError> {
        let sources = Sources::read(args)?;
        let mut settings = Settings::default();
        let warnings = sources.apply(&mut settings)?;
        Ok((Config::from_settings(settings, sources.file), warnings))
    }

    /// Resolves settings; `file` is where CONFIG REWRITE will write.
    pub fn from_settings(settings: Settings, file: Option<PathBuf>) -> Config {
        let size = |name: &str| settings.number::<usize>(name).unwrap_or(usize::MAX);
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let cluster_enabled = settings.is_on("cluster-enabled");
        let limits = Limits {
            hash_entries_max: size("hash-max-listpack-entries"),
            hash_value_bytes_max: size("hash-max-listpack-value"),
            list_node_max: settings.number("list-max-listpack-size").unwrap_or(-2),
            intset_entries_max: size("set-max-intset-entries"),
            set_entries_max: size("set-max-listpack-entries"),
            set_value_bytes_max: size("set-max-listpack-value"),
            sorted_set_entries_max: size("zset-max-listpack-entries"),
            sorted_set_value_bytes_max: size("zset-max-listpack-value"),
            stream_node_bytes_max: size("stream-node-max-bytes"),
            stream_node_entries_max: size("stream-node-max-entries"),
        };
        let memory = evict::Settings::read(&settings);
        let words = settings.get("bind").split(|byte| *byte == b' ').filter(|word| !word.is_empty());
        Config {
            bind: words.flat_map(|word| rules::bind_addresses(word).unwrap_or_default()).collect(),
            port: settings.number("port").unwrap_or(0),
            tcp_backlog: settings.number("tcp-backlog").unwrap_or(511),
            tcp_keepalive_s: settings.number("tcp-keepalive").unwrap_or(0),
            timeout_s: settings.number("timeout").unwrap_or(0),
            protected_mode: settings.is_on("protected-mode"),
            cluster_enabled,
            require_full_coverage: settings.is_on("cluster-require-full-coverage"),
            slot_stats: settings.is_on("cluster-slot-stats-enabled"),
            databases: size("databases").min(DATABASES_MAX),
            clients_max: size("maxclients"),
            password: settings.get("requirepass").to_vec(),
            query_buffer_bytes_max: size("client-query-buffer-limit").min(QUERY_BUFFER_BYTES_MAX),
            pubsub_unread_bytes_max: rules::output_limit(settings.get("client-output-buffer-limit"), b"pubsub"),
            notifications: Notifications::read(settings.get("notify-keyspace-events")),
            threads: settings.number("threads").filter(|threads| *threads > 0).unwrap_or(cores),
            directory: PathBuf::from(settings.text("dir")),
            slowlog_slower_than_us: settings.number("slowlog-log-slower-than").unwrap_or(-1),
            slowlog_len_max: size("slowlog-max-len"),
            logged_request_bytes: settings.number("commandlog-request-larger-than").unwrap_or(usize::MAX),
            large_requests_len_max: size("commandlog-large-request-max-len"),
            logged_reply_bytes: settings.number("commandlog-reply-larger-than").unwrap_or(usize::MAX),
            large_replies_len_max: size("commandlog-large-reply-max-len"),
            latency_threshold_ms: settings.number("latency-monitor-threshold").unwrap_or(0),
            latency_tracking: settings.is_on("latency-tracking"),
            debug_command: Access::read(settings.get("enable-debug-command")),
            protected_configs: Access::read(settings.get("enable-protected-configs")),
            lazyfree: lazyfree::Settings::read(&settings),
            expire_effort: settings.number("active-expire-effort").unwrap_or(1),
            memory,
            data: DataConfig {
                limits,
                proto_max_bulk_bytes: settings.number("proto-max-bulk-len").unwrap_or(512 << 20),
                hll_sparse_bytes_max: settings.number("hll-sparse-max-bytes").unwrap_or(3000),
                cluster_enabled,
                access: memory.access(),
                shared_integers: memory.shares_integers(),
                rdb_compression: settings.is_on("rdbcompression"),
            },
            settings,
            file,
        }
    }

    /// Time from which a command is noted in SLOWLOG or LATENCY, ns; `u64::MAX` when neither is on.
    #[inline]
    pub fn slow_ns(&self) -> u64 {
        let slowlog = u64::try_from(self.slowlog_slower_than_us).map_or(u64::MAX, |us| us.saturating_mul(1000));
        let latency = match self.latency_threshold_ms {
            0 => u64::MAX,
            ms => ms.saturating_mul(1_000_000),
        };
        slowlog.min(latency)
    }

    /// Percentiles that INFO latencystats shows.
    pub fn latency_percentiles(&self) -> Vec<f64> {
        let text = self.settings.text("latency-tracking-info-percentiles");
        text.split(' ').filter_map(|word| word.parse().ok()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_the_reference_s() {
        let (config, warnings) = Config::from_args(&[]).unwrap();
        assert_eq!(config.port, 6379);
        assert_eq!(config.data.limits.hash_entries_max, 512);
        assert_eq!(config.clients_max, 10_000);
        assert!(warnings.is_empty() && config.protected_mode && !config.cluster_enabled);
        let ips: Vec<String> = config.bind.iter().map(|address| address.ip.to_string()).collect();
        assert_eq!(ips, ["0.0.0.0", "::"]);
        assert!(!config.bind[0].optional && config.bind[1].optional);
    }

    #[test]
    fn access_is_by_address() {
        let (near, far) = ([127, 0, 0, 1].into(), [10, 0, 0, 1].into());
        assert!(Access::Local.allows(near) && !Access::Local.allows(far));
        assert!(Access::Yes.allows(far) && !Access::No.allows(near));
    }
}
