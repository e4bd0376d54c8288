//! The settings of a node, resolved: what the directives of a redis.conf come to.

use crate::command::DataConfig;
use std::net::IpAddr;
use std::path::PathBuf;

/// Settings of one node. Replaced as a whole when CONFIG SET changes one.
#[derive(Clone, Debug)]
pub struct Config {
    /// `bind`: addresses to listen on.
    pub bind: Vec<IpAddr>,
    /// `port`: client port; 0 takes a free one.
    pub port: u16,
    /// `tcp-backlog`: connections waiting to be accepted.
    pub tcp_backlog: u32,
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
    /// Threads that serve connections.
    pub threads: usize,
    /// `dir`.
    pub directory: PathBuf,
    /// What data commands heed.
    pub data: DataConfig,
}

impl Config {
    /// The settings that a redis-server's arguments come to.
    pub fn from_args(arguments: &[String]) -> Result<Config, String> {
        let mut config = Config::default();
        for pair in arguments.chunks_exact(2) {
            let number = || pair[1].parse().map_err(|_| format!("'{} {}' is no number", pair[0], pair[1]));
            match pair[0].as_str() {
                "--port" => config.port = number()?,
                "--threads" => config.threads = usize::from(number()?),
                "--cluster-enabled" => config.cluster_enabled = pair[1] == "yes",
                _ => {}
            }
        }
        config.data.cluster_enabled = config.cluster_enabled;
        Ok(config)
    }
}

impl Default for Config {
    fn default() -> Config {
        Config {
            bind: vec![IpAddr::from([127, 0, 0, 1])],
            port: 6379,
            tcp_backlog: 511,
            cluster_enabled: false,
            require_full_coverage: true,
            slot_stats: false,
            databases: 16,
            clients_max: 10_000,
            password: Vec::new(),
            query_buffer_bytes_max: 1 << 30,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            directory: PathBuf::from("."),
            data: DataConfig::default(),
        }
    }
}
