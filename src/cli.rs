//! The command line.

use crate::node::{self, Config, Node};
use clap::{Parser, Subcommand};
use std::process::ExitCode;
use std::sync::Arc;
use tokio::sync::watch;

/// A Redis-compatible sharded cache cluster.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Run one cache node.
    Node {
        /// A redis.conf-style file and `--directive value` pairs, as redis-server takes them.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "FILE | --DIRECTIVE VALUE")]
        arguments: Vec<String>,
    },
}

/// Runs the binary.
pub fn main() -> ExitCode {
    let Verb::Node { arguments } = Arguments::parse().verb;
    match serve_node(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("slotwise: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve_node(arguments: &[String]) -> Result<(), Box<dyn std::error::Error>> {
    let mut config = Config::default();
    for pair in arguments.chunks(2) {
        match pair[0].as_str() {
            "--port" => config.port = pair[1].parse()?,
            "--cluster-enabled" => config.cluster_enabled = pair[1] == "yes",
            "--threads" => config.threads = pair[1].parse()?,
            _ => {}
        }
    }
    config.data.cluster_enabled = config.cluster_enabled;
    let listeners = node::bind(&config)?;
    let addresses = listeners.iter().map(|listener| listener.local_addr()).collect::<Result<_, _>>()?;
    let (stop, _) = watch::channel(false);
    let node = Arc::new(Node::alone(config, addresses, stop));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    println!("Ready to accept connections");
    runtime.block_on(async {
        let stopping = node.clone();
        tokio::spawn(async move {
            let _ = tokio::signal::ctrl_c().await;
            stopping.stop.send_replace(true);
        });
        node::run(node, listeners).await
    })?;
    Ok(())
}
