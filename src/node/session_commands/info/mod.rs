//! INFO: what the node tells about itself, section by section.
//!
//! Fields are the reference's, so that monitors find what they look for. What slotwise does not have (forks,
//! append-only files, replicas yet) is told as idle.

mod process;
mod work;

pub(super) use process::client_bytes;

use super::{Call, Handlers};
use crate::command::Outcome;
use crate::node::Node;
use std::collections::HashSet;
use std::fmt::{Display, Write};

pub(super) const HANDLERS: Handlers = &[("info", info)];

/// A section's fields: `name:value` lines.
#[derive(Default)]
pub(super) struct Fields(String);

impl Fields {
    fn add(&mut self, name: impl Display, value: impl Display) {
        let _ = write!(self.0, "{name}:{value}\r\n");
    }

    /// The same value in bytes and for people.
    fn add_bytes(&mut self, name: &str, bytes: u64) {
        self.add(name, bytes);
        self.add(format_args!("{name}_human"), human(bytes));
    }

    /// Fields that are always the same here.
    fn add_fixed(&mut self, fields: &[(&str, &str)]) {
        for (name, value) in fields {
            self.add(name, value);
        }
    }
}

/// Bytes as `1.50M`.
fn human(bytes: u64) -> String {
    let units = [(1u64 << 50, "P"), (1 << 40, "T"), (1 << 30, "G"), (1 << 20, "M"), (1 << 10, "K")];
    match units.into_iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => format!("{:.2}{name}", bytes as f64 / unit as f64),
        None => format!("{bytes}B"),
    }
}

/// Writes one section.
type Section = fn(&Node, i64, &mut Fields);

/// When a section is shown: without being asked for, or with `all` or `everything`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Default,
    InAll,
}

const SECTIONS: &[(&str, &str, Shown, Section)] = &[
    ("server", "Server", Shown::Default, process::server),
    ("clients", "Clients", Shown::Default, process::clients),
    ("memory", "Memory", Shown::Default, process::memory),
    ("persistence", "Persistence", Shown::Default, process::persistence),
    ("stats", "Stats", Shown::Default, work::stats),
    ("replication", "Replication", Shown::Default, process::replication),
    ("cpu", "CPU", Shown::Default, process::cpu),
    ("modules", "Modules", Shown::Default, |_, _, _| {}),
    ("commandstats", "Commandstats", Shown::InAll, work::command_stats),
    ("errorstats", "Errorstats", Shown::Default, work::error_stats),
    ("latencystats", "Latencystats", Shown::InAll, work::latency_stats),
    ("cluster", "Cluster", Shown::Default, |node, _, fields| {
        fields.add("cluster_enabled", u8::from(node.config.load().cluster_enabled));
    }),
    ("keyspace", "Keyspace", Shown::Default, work::keyspace),
];

fn info(call: &mut Call<'_>) -> Outcome {
    let text = report(call.node, call.now_ms, call.args.skip(1));
    call.reply.verbatim("txt", text.as_bytes());
    Ok(())
}

/// The sections asked for, in their own order; those shown by default when none is.
fn report<'a>(node: &Node, now_ms: i64, words: impl Iterator<Item = &'a [u8]>) -> String {
    let asked: HashSet<Vec<u8>> = words.map(<[u8]>::to_ascii_lowercase).collect();
    let is_asked = |name: &str| asked.contains(name.as_bytes());
    let all = is_asked("all") || is_asked("everything");
    let default = asked.is_empty() || is_asked("default");
    let mut text = String::new();
    for (name, title, shown, section) in SECTIONS {
        // `all` leaves out what modules tell; there are none, but the title differs.
        let in_all = all && (*name != "modules" || is_asked("everything"));
        if !(is_asked(name) || in_all || default && *shown == Shown::Default) {
            continue;
        }
        if !text.is_empty() {
            text += "\r\n";
        }
        let _ = write!(text, "# {title}\r\n");
        let mut fields = Fields::default();
        section(node, now_ms, &mut fields);
        text += &fields.0;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::Config;

    fn titles(words: &[&str]) -> Vec<String> {
        let node = Node::alone(Config::default(), Vec::new(), tokio::sync::watch::Sender::new(false));
        let text = report(&node, 0, words.iter().map(|word| word.as_bytes()));
        text.lines().filter_map(|line| line.strip_prefix("# ")).map(str::to_owned).collect()
    }

    #[test]
    fn sections_come_as_asked_for_and_once() {
        assert_eq!(titles(&["cpu", "CPU", "server"]), ["Server", "CPU"]);
        assert_eq!(titles(&["nothing"]), [""; 0]);
        assert!(!titles(&[]).contains(&"Commandstats".to_owned()));
        assert_eq!(titles(&["default", "commandstats"]).len(), titles(&[]).len() + 1);
        assert_eq!(titles(&["everything"]).len(), SECTIONS.len());
        assert_eq!(titles(&["all"]).len(), SECTIONS.len() - 1);
    }

    #[test]
    fn bytes_are_rounded_for_people() {
        assert_eq!((human(900), human(1536), human(1 << 30)), ("900B".into(), "1.50K".into(), "1.00G".into()));
    }
}
