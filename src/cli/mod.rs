//! The command line: what a person types, and its help.
//!
//! Argument types are here, as typed; [`launch`] resolves them and runs.

mod launch;

use crate::node::config::Config;
use crate::proxy::NodeAddr;
use clap::{Args, Parser, Subcommand};
use std::net::IpAddr;
use std::process::ExitCode;

/// A Redis-compatible sharded cache cluster: nodes that own slots, and a proxy that makes them look like one store.
#[derive(Parser)]
#[command(
    version,
    about,
    max_term_width = 100,
    after_help = "\
Examples:
  slotwise up                                   three nodes and a proxy on this machine
  redis-cli -p 6379 set greeting hello          any Redis client, through the proxy
  redis-cli -c -p 7001 get greeting             a cluster client, straight to the nodes"
)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Run a whole cluster on this machine, in one process: nodes and a proxy
    Up(Up),
    /// Run one cache node
    #[command(after_help = "\
Arguments are those of redis-server: a file of directives, `-` for standard input, and `--directive value`
pairs that override it. Directives that slotwise does not know are an error; those that a cache may ignore are
named in a warning.

Examples:
  slotwise node --port 7001
  slotwise node /etc/slotwise/node.conf --port 7001 --cluster-enabled yes
  slotwise node --bind 127.0.0.1 --requirepass SECRET --maxclients 5000")]
    Node {
        /// A redis.conf-style file and `--directive value` pairs, as redis-server takes them
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "FILE | --DIRECTIVE VALUE")]
        arguments: Vec<String>,
    },
    /// Run the proxy: one address in front of a cluster, for any Redis client
    Proxy(Proxy),
}

/// Flags of `slotwise up`.
#[derive(Args)]
struct Up {
    /// Nodes to run; the 16,384 slots are laid out evenly over them
    #[arg(long, value_name = "COUNT", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=64))]
    nodes: u16,
    /// Port of the proxy: the address for applications
    #[arg(long, value_name = "PORT", default_value_t = 6379)]
    port: u16,
    /// Port of the first node; the others follow one by one
    #[arg(long, value_name = "PORT", default_value_t = 7001, value_parser = clap::value_parser!(u16).range(1..))]
    node_port: u16,
    /// Address to listen on, for the proxy and the nodes; the nodes announce it to cluster clients
    #[arg(long, value_name = "IP", default_value = "127.0.0.1")]
    bind: IpAddr,
    /// Threads of each node [default: the cores divided by the nodes, at least 1]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// Threads of the proxy [default: the cores]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=256))]
    proxy_threads: Option<u16>,
}

/// Flags of `slotwise proxy`.
#[derive(Args)]
struct Proxy {
    /// A node of the cluster; may be repeated. The others are found through it
    #[arg(long = "node", value_name = "HOST:PORT", required = true, value_parser = node_address)]
    nodes: Vec<NodeAddr>,
    /// Port to listen on
    #[arg(long, value_name = "PORT", default_value_t = 6379)]
    port: u16,
    /// Address to listen on
    #[arg(long, value_name = "IP", default_value = "127.0.0.1")]
    bind: IpAddr,
    /// Threads, each with its own connections to the nodes [default: the cores]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// Password that clients must give with AUTH; better in the environment, where process lists do not show it
    #[arg(long, value_name = "PASSWORD", env = "SLOTWISE_REQUIREPASS", hide_env_values = true)]
    requirepass: Option<String>,
    /// User name at the nodes
    #[arg(long, value_name = "NAME")]
    node_user: Option<String>,
    /// Password at the nodes
    #[arg(long, value_name = "PASSWORD", env = "SLOTWISE_NODE_PASSWORD", hide_env_values = true)]
    node_password: Option<String>,
    /// Time in which a node must answer a request, in milliseconds
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 5000)]
    request_timeout_ms: u64,
    /// Connected clients, at most
    #[arg(long, value_name = "COUNT", default_value_t = 10_000)]
    maxclients: usize,
}

/// Runs the binary. Errors are told on standard error in one line, with exit status 1 (2 for wrong usage).
pub fn main() -> ExitCode {
    let outcome = match Arguments::parse().verb {
        Verb::Up(up) => launch::up(&up),
        Verb::Node { arguments } => launch::node(&arguments),
        Verb::Proxy(proxy) => launch::proxy(proxy),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("slotwise: {error}");
            ExitCode::FAILURE
        }
    }
}

fn node_address(text: &str) -> Result<NodeAddr, String> {
    NodeAddr::parse(text).filter(|address| address.port() != 0).ok_or_else(|| "not of the form HOST:PORT".to_owned())
}

/// Threads for one of `sharers` equal parts of this machine.
fn share_of_cores(sharers: usize) -> usize {
    (Config::default().threads / sharers.max(1)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_flags_fit_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn node_addresses_are_host_and_port() {
        assert_eq!(node_address("[::1]:7001"), Ok(NodeAddr::new("::1", 7001)));
        assert_eq!(node_address("cache-1:7001"), Ok(NodeAddr::new("cache-1", 7001)));
        for wrong in ["7001", ":7001", "a:", "a:0", "a:70000"] {
            assert!(node_address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_node_takes_directives_as_they_come() {
        let arguments = ["slotwise", "node", "x.conf", "--port", "7000", "--save", ""];
        let Verb::Node { arguments } = Arguments::try_parse_from(arguments).ok().unwrap().verb else { panic!() };
        assert_eq!(arguments, ["x.conf", "--port", "7000", "--save", ""]);
    }
}
