//! The same random requests to slotwise and to the reference, replies compared byte for byte.
//!
//! Sequences are drawn from templates of every command (`families`) over a small universe of keys and values
//! (`vocabulary`), valid and spoiled, in RESP2 and RESP3, standalone and as a cluster node that owns all slots. Each
//! sequence starts from an empty keyspace and ends with a comparison of all keys: types, encodings, values, TTLs. A
//! difference is shortened (`minimise`) and printed with its seed and the line that replays it.
//!
//! Environment:
//! - `DIFF_COMMANDS`  requests per test (default 200,000)
//! - `DIFF_SEED`      first seed; sequence `n` of a run has the seed `DIFF_SEED + n`
//! - `DIFF_FAMILY`    families, comma-separated: string bitmap generic hash list set sorted_set stream geo hyperloglog
//!   connection server cluster
//! - `DIFF_LEFT`, `DIFF_RIGHT`  addresses of running servers (their data is flushed)
//! - `DIFF_MAX`       different kinds of differences to collect before giving up (default 10)
//! - `DIFF_ALLOW_MISSING=1`  commands that the left server does not know are no failure
//! - `DIFF_REPLAY`    a file with the sequence to run, one request a line, an empty line after each step

mod compare;
mod exceptions;
mod families;
mod grammar;
mod minimise;
mod payload;
mod run;
mod vocabulary;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use families::{Grammar, Step};
use run::{Difference, Pair, Side};
use vocabulary::Vocabulary;
use wire::{Link, Reply, Request};

use crate::support::Server;

/// One run at a time: external servers are shared, and the machine's cores are.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

const COMMANDS_DEFAULT: usize = 200_000;
const DIFFERENCES_MAX_DEFAULT: usize = 10;

#[test]
fn replies_agree_with_the_reference_in_resp2() {
    compare_servers("replies_agree_with_the_reference_in_resp2", 2, false);
}

#[test]
fn replies_agree_with_the_reference_in_resp3() {
    compare_servers("replies_agree_with_the_reference_in_resp3", 3, false);
}

#[test]
fn replies_agree_with_the_reference_as_a_cluster_node() {
    compare_servers("replies_agree_with_the_reference_as_a_cluster_node", 2, true);
}

/// The generator draws only what two correct servers answer alike.
#[test]
fn two_reference_servers_agree() {
    let _guard = ONE_AT_A_TIME.lock();
    for (protocol, cluster) in [(2, false), (3, false), (3, true)] {
        let pair = Pair { left: reference(cluster), right: reference(cluster), protocol, cluster };
        let commands = setting("DIFF_COMMANDS").unwrap_or(30_000);
        let report = Campaign::new(&pair, 7_000, commands, 10).run();
        assert!(report.is_clean(), "{}", report.show("two_reference_servers_agree"));
    }
}

/// The checker fails when one server lies, and names the request that lies.
#[test]
fn a_changed_reply_is_found_and_the_sequence_shortened() {
    let _guard = ONE_AT_A_TIME.lock();
    let lie: fn(&Request, &mut Reply) = |request, reply| {
        let long = reply.int().is_some_and(|length| length > 2);
        if request[0].eq_ignore_ascii_case(b"LLEN") && long {
            *reply = Reply::Line(b':', b"2".to_vec());
        }
    };
    let left = Side { tamper: Some(lie), ..reference(false) };
    let pair = Pair { left, right: reference(false), protocol: 2, cluster: false };
    let report = Campaign::new(&pair, 1, 50_000, 1).run();
    let found = report.differences.first().expect("the lie is found");
    assert_eq!(found.difference.signature, "LLEN : | :");
    // Something that makes a list of three or more, and LLEN.
    assert!(found.steps.len() <= 6, "{}", report.show("a_changed_reply_is_found_and_the_sequence_shortened"));
    assert!(found.steps.last().is_some_and(|step| step[0][0].eq_ignore_ascii_case(b"LLEN")));
}

/// A difference that no reply shows is found in the state after the sequence.
#[test]
fn a_changed_state_is_found() {
    let pair = Pair { left: reference(false), right: reference(false), protocol: 2, cluster: false };
    // The left server alone keeps small sets of numbers as hash tables.
    let mut link = Link::open(pair.left.address).expect("the server listens");
    link.call(&request("CONFIG SET set-max-intset-entries 0")).expect("the server answers");
    let steps = vec![vec![request("SADD s 1 2 3")]];
    let difference = pair.run(&[], &steps).expect("both servers listen").expect("the encodings differ");
    assert_eq!(difference.signature, "state: OBJECT $ | $");
}

fn compare_servers(test: &str, protocol: u8, cluster: bool) {
    let _guard = ONE_AT_A_TIME.lock();
    let side = |variable: &str, start: &dyn Fn() -> Side| match std::env::var(variable) {
        Ok(address) => Side::external(address.parse().unwrap_or_else(|_| panic!("{variable} is ADDRESS:PORT"))),
        Err(_) => start(),
    };
    let left = side("DIFF_LEFT", &|| {
        let debug = ["--enable-debug-command", "yes"];
        Side::started(if cluster { Server::cluster_node(&debug) } else { Server::node(&debug) })
    });
    let right = side("DIFF_RIGHT", &|| reference(cluster));
    let pair = Pair { left, right, protocol, cluster };
    if pair.left.server.is_none() && is_cluster_node(&pair.left) != cluster {
        eprintln!("{test}: left out, the given server is not of this kind");
        return;
    }
    if let Ok(path) = std::env::var("DIFF_REPLAY") {
        replay(&pair, &path);
        return;
    }
    let commands = setting("DIFF_COMMANDS").unwrap_or(COMMANDS_DEFAULT);
    let seed = setting("DIFF_SEED").unwrap_or(1) as u64;
    let report = Campaign::new(&pair, seed, commands, setting("DIFF_MAX").unwrap_or(DIFFERENCES_MAX_DEFAULT)).run();
    println!("{test}: {} requests, {} differences", report.requests, report.differences.len());
    assert!(report.is_clean(), "{}", report.show(test));
}

fn reference(cluster: bool) -> Side {
    let debug = ["--enable-debug-command", "yes"];
    Side::started(if cluster { Server::reference_cluster_node(&debug) } else { Server::reference(&debug) })
}

fn is_cluster_node(side: &Side) -> bool {
    let reply = Link::open(side.address).and_then(|mut link| link.call(&request("CLUSTER KEYSLOT a")));
    reply.is_ok_and(|reply| reply.int().is_some())
}

fn setting(variable: &str) -> Option<usize> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{variable} is a number")))
}

fn request(line: &str) -> Request {
    wire::unquote(line).expect("a request that parses")
}

fn replay(pair: &Pair, path: &str) {
    let text = std::fs::read_to_string(path).expect("DIFF_REPLAY names a readable file");
    let mut settings = Vec::new();
    let mut steps = vec![Step::new()];
    for line in text.lines() {
        match line.trim() {
            "" => steps.push(Step::new()),
            line if line.starts_with("# ") => {}
            line => match line.strip_prefix("setting: ") {
                Some(line) => settings.push(request(line)),
                None => steps.last_mut().expect("never empty").push(request(line)),
            },
        }
    }
    steps.retain(|step| !step.is_empty());
    if let Some(difference) = pair.run(&settings, &steps).expect("both servers listen") {
        panic!("differs ({}):\n{}", difference.signature, difference.transcript);
    }
}

/// Many sequences on one pair of servers.
struct Campaign<'p> {
    pair: &'p Pair,
    seed: u64,
    requests: usize,
    differences_max: usize,
}

/// What a campaign found.
struct Report {
    requests: usize,
    differences: Vec<Found>,
    /// How often each kind of difference occurred.
    counts: BTreeMap<String, usize>,
    missing: BTreeSet<String>,
}

/// One kind of difference, shortened.
struct Found {
    seed: u64,
    settings: Vec<Request>,
    steps: Vec<Step>,
    difference: Difference,
}

impl<'p> Campaign<'p> {
    fn new(pair: &'p Pair, seed: u64, requests: usize, differences_max: usize) -> Campaign<'p> {
        Campaign { pair, seed, requests, differences_max }
    }

    fn run(&self) -> Report {
        let chosen = std::env::var("DIFF_FAMILY").ok();
        let grammar = Grammar::new(|family| match &chosen {
            Some(list) => list.split(',').any(|name| name == family),
            None => family != "cluster" || self.pair.cluster || self.pair.protocol == 3,
        });
        let mut report =
            Report { requests: 0, differences: Vec::new(), counts: BTreeMap::new(), missing: self.missing(&grammar) };
        let mut sequence = 0;
        while report.requests < self.requests && report.differences.len() < self.differences_max {
            let seed = self.seed.wrapping_add(sequence);
            sequence += 1;
            let (settings, mut steps) = draw_sequence(&grammar, seed, self.pair);
            steps.retain(|step| !step.iter().any(|request| report.missing.contains(&command_name(request))));
            report.requests += steps.iter().map(Vec::len).sum::<usize>();
            let difference = match self.pair.run(&settings, &steps) {
                Ok(None) => continue,
                Ok(Some(difference)) => difference,
                Err(error) => {
                    let transcript = format!("  a server is gone before seed {seed}: {error}\n");
                    let difference = Difference { step: 0, transcript, signature: "gone".into() };
                    report.differences.push(Found { seed, settings, steps: Vec::new(), difference });
                    return report;
                }
            };
            let count = report.counts.entry(difference.signature.clone()).or_default();
            *count += 1;
            if *count == 1 {
                let (steps, difference) = minimise::minimise(self.pair, &settings, &steps, difference);
                report.differences.push(Found { seed, settings, steps, difference });
            }
        }
        report
    }

    /// The commands that the right server knows and the left one does not.
    fn missing(&self, grammar: &Grammar) -> BTreeSet<String> {
        let mut words = Vocabulary::new(0, self.pair.cluster);
        let mut samples: BTreeMap<String, Vec<Request>> = BTreeMap::new();
        let drawn = (0..20_000).flat_map(|_| grammar.draw(&mut words, self.pair.protocol)).collect::<Vec<_>>();
        for request in families::seeds(&mut words).into_iter().flatten().chain(drawn) {
            let samples = samples.entry(command_name(&request)).or_default();
            if samples.len() < 3 {
                samples.push(request);
            }
        }
        let unknown = |side: &Side, request: &Request| -> bool {
            let reply = Link::open(side.address).and_then(|mut link| link.call(request));
            reply.is_ok_and(|reply| reply.error().is_some_and(says_unknown))
        };
        samples.retain(|_, requests| {
            requests.iter().any(|request| unknown(&self.pair.left, request) && !unknown(&self.pair.right, request))
        });
        samples.into_keys().collect()
    }
}

/// Whether an error says that there is no such command (here: or not yet).
fn says_unknown(error: &[u8]) -> bool {
    error.starts_with(b"ERR unknown ") || error.ends_with(b" is not supported by slotwise yet")
}

/// The command's name in capitals, with the subcommand where there are any.
fn command_name(request: &Request) -> String {
    let upper = |at: usize| request.get(at).map(|arg| String::from_utf8_lossy(arg).to_ascii_uppercase());
    let name = upper(0).unwrap_or_default();
    let parent = matches!(
        name.as_str(),
        "CLIENT" | "CLUSTER" | "COMMAND" | "CONFIG" | "DEBUG" | "MEMORY" | "OBJECT" | "XGROUP" | "XINFO"
    );
    match upper(1) {
        Some(sub) if parent && !sub.is_empty() => format!("{name} {sub}"),
        _ => name,
    }
}

/// The sequence of a seed: thresholds of encodings, a key of each type, then random steps.
fn draw_sequence(grammar: &Grammar, seed: u64, pair: &Pair) -> (Vec<Request>, Vec<Step>) {
    let mut words = Vocabulary::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15), pair.cluster);
    let settings = [
        ("hash-max-listpack-entries", [128, 4, 16, 512]),
        ("hash-max-listpack-value", [64, 64, 8, 64]),
        ("zset-max-listpack-entries", [128, 4, 16, 0]),
        ("zset-max-listpack-value", [64, 64, 8, 64]),
        ("set-max-intset-entries", [512, 4, 16, 0]),
        ("list-max-listpack-size", [-2, 4, 1, -1]),
        ("stream-node-max-entries", [100, 4, 2, 0]),
        ("stream-node-max-bytes", [4096, 4096, 100, 0]),
        ("hll-sparse-max-bytes", [3000, 60, 300, 0]),
    ]
    .map(|(name, values)| request(&format!("CONFIG SET {name} {}", values[words.rng.usize(..4)])));
    let mut steps = families::seeds(&mut words);
    let length = words.rng.usize(200..3_000);
    steps.extend((0..length).map(|_| grammar.draw(&mut words, pair.protocol)));
    (settings.to_vec(), steps)
}

impl Report {
    fn is_clean(&self) -> bool {
        let missing_allowed = std::env::var_os("DIFF_ALLOW_MISSING").is_some();
        self.differences.is_empty() && (missing_allowed || self.missing.is_empty())
    }

    /// All differences, each with what replays it.
    fn show(&self, test: &str) -> String {
        let mut out = format!("{} requests, {} kinds of differences\n", self.requests, self.differences.len());
        if !self.missing.is_empty() {
            out += &format!("commands that the left server does not know: {:?}\n", self.missing);
        }
        for found in &self.differences {
            let file =
                std::env::temp_dir().join(format!("slotwise-difference-{}-{}.txt", std::process::id(), found.seed));
            let mut script = String::new();
            found.settings.iter().for_each(|request| script += &format!("setting: {}\n", wire::show_request(request)));
            for step in &found.steps {
                step.iter().for_each(|request| script += &format!("{}\n", wire::show_request(request)));
                script.push('\n');
            }
            let written = std::fs::write(&file, &script).is_ok();
            out += &format!(
                "\n=== {} (in {} sequences)\n",
                found.difference.signature,
                self.counts.get(&found.difference.signature).unwrap_or(&1)
            );
            for step in found.steps.iter().take(40) {
                step.iter().for_each(|request| out += &format!("{}\n", wire::show_request(request)));
            }
            out += &found.difference.transcript;
            out += &format!("whole sequence: DIFF_SEED={} DIFF_COMMANDS=1 cargo test --test it {test}\n", found.seed);
            if written {
                out += &format!("shortened:      DIFF_REPLAY={} cargo test --test it {test}\n", file.display());
            }
        }
        out
    }
}
