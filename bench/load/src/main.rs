//! Load that redis-benchmark cannot make. `bench/run` builds and calls it; each run prints one line of JSON.
//!
//! | mode | what it does |
//! |---|---|
//! | `fill` | stores a data set, pipelined |
//! | `closed` | GET and SET as fast as replies come, all keys alike or one hot |
//! | `probe` | GET and SET at a fixed rate while keys are inserted, or until few are left; latencies from the due time |
//! | `cache` | GET of Zipf-distributed keys, SET after each miss; counts hits |

mod engine;
mod wire;
mod work;
mod zipf;

use std::collections::{HashMap, VecDeque};
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use engine::{Closed, Open, Outcome, Work};
use work::{Cache, Fill, Kind, Strings};

/// What stands on the command line after the mode: pairs of `--name value`.
struct Arguments(HashMap<String, String>);

impl Arguments {
    fn read(rest: impl Iterator<Item = String>) -> Result<Arguments, String> {
        let (mut pairs, mut rest) = (HashMap::new(), rest);
        while let Some(name) = rest.next() {
            let stripped = name.strip_prefix("--").ok_or_else(|| format!("not an option: {name}"))?;
            let value = rest.next().ok_or_else(|| format!("{name} has no value"))?;
            pairs.insert(stripped.to_owned(), value);
        }
        Ok(Arguments(pairs))
    }

    fn optional<T: FromStr>(&mut self, name: &str) -> Result<Option<T>, String> {
        let text = self.0.remove(name);
        text.map(|text| text.parse().map_err(|_| format!("--{name}: not of its kind: {text}"))).transpose()
    }

    fn needed<T: FromStr>(&mut self, name: &str) -> Result<T, String> {
        self.optional(name)?.ok_or_else(|| format!("--{name} is missing"))
    }

    fn or<T: FromStr>(&mut self, name: &str, default: T) -> Result<T, String> {
        Ok(self.optional(name)?.unwrap_or(default))
    }

    fn done(self) -> Result<(), String> {
        self.0.keys().next().map_or(Ok(()), |name| Err(format!("--{name} is not an option of this mode")))
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<String, String> {
    let mut words = std::env::args().skip(1);
    let mode = words.next().ok_or("which mode: fill, closed, probe or cache?")?;
    let mut arguments = Arguments::read(words)?;
    match mode.as_str() {
        "fill" => fill(&mut arguments),
        "closed" => closed(arguments),
        "probe" => probe(arguments),
        "cache" => cache(arguments),
        _ => Err(format!("there is no mode {mode}")),
    }
}

fn fill_of(arguments: &mut Arguments) -> Result<Fill, String> {
    let kind: String = arguments.or("kind", "string".to_owned())?;
    let kind = match kind.as_str() {
        "string" => Kind::String,
        "expiring" => Kind::Expiring(arguments.needed("at-ms")?),
        "integer" => Kind::Integer,
        "hash" => Kind::Hash,
        "sorted-set" => Kind::SortedSet,
        "set" => Kind::Set,
        "list" => Kind::List,
        "big-set" => Kind::BigSet,
        "big-sorted-set" => Kind::BigSortedSet,
        _ => return Err(format!("there is no kind {kind}")),
    };
    Ok(Fill {
        kind,
        prefix: arguments.or("prefix", "key:".to_owned())?,
        keys: arguments.needed("keys")?,
        elements: arguments.or("elements", 5)?,
        value_bytes: arguments.or("value-bytes", 64)?,
        next: 0,
    })
}

fn fill(arguments: &mut Arguments) -> Result<String, String> {
    let port = arguments.needed("port")?;
    let mut work = fill_of(arguments)?;
    std::mem::replace(arguments, Arguments(HashMap::new())).done()?;
    let closed = Closed { work: &mut work, connections: 4, depth: 128, per_s: None };
    Ok(told(&engine::run(port, None, Some(closed), None)?, ""))
}

fn closed(mut arguments: Arguments) -> Result<String, String> {
    let port = arguments.needed("port")?;
    let mut work = strings(&mut arguments, None)?;
    let (connections, depth) = (arguments.or("connections", 50)?, arguments.or("depth", 1)?);
    arguments.done()?;
    let closed = Closed { work: &mut work, connections, depth, per_s: None };
    Ok(told(&engine::run(port, None, Some(closed), None)?, ""))
}

fn strings(arguments: &mut Arguments, requests: Option<u64>) -> Result<Strings, String> {
    Ok(Strings {
        random: fastrand::Rng::with_seed(arguments.or("seed", 1)?),
        keys: arguments.needed("keys")?,
        set_share: arguments.or("set-share", 0.0)?,
        hot_share: arguments.or("hot-share", 0.0)?,
        value_bytes: arguments.or("value-bytes", 64)?,
        left: requests.map_or_else(|| arguments.needed("requests"), Ok)?,
    })
}

fn probe(mut arguments: Arguments) -> Result<String, String> {
    let port = arguments.needed("port")?;
    let mut work = strings(&mut arguments, Some(u64::MAX))?;
    let open = Open {
        work: &mut work,
        connections: arguments.or("connections", 50)?,
        per_s: arguments.needed("rate")?,
        time_max: Duration::from_secs_f64(arguments.needed("seconds-max")?),
    };
    let until_keys = arguments.optional("until-keys")?;
    let inserted: u64 = arguments.or("insert", 0)?;
    let mut inserting =
        Fill { kind: Kind::String, prefix: "new:".to_owned(), keys: inserted, elements: 0, value_bytes: 64, next: 0 };
    let closed = Closed {
        work: &mut inserting,
        connections: arguments.or("insert-connections", 4)?,
        depth: arguments.or("insert-depth", 16)?,
        per_s: arguments.optional("insert-rate")?,
    };
    arguments.done()?;
    let outcome = engine::run(port, Some(open), (inserted > 0).then_some(closed), until_keys)?;
    let all = inserting.finished() && outcome.closed_replies == inserted;
    Ok(told(&outcome, &format!(", \"inserted_all\": {all}, \"reached\": {}", outcome.reached)))
}

fn cache(mut arguments: Arguments) -> Result<String, String> {
    let port = arguments.needed("port")?;
    let keys = arguments.needed("keys")?;
    let mut work = Cache {
        random: fastrand::Rng::with_seed(arguments.or("seed", 1)?),
        zipf: zipf::Zipf::new(keys, arguments.or("theta", 0.99)?),
        keys,
        value_bytes: arguments.or("value-bytes", 64)?,
        left: arguments.needed("requests")?,
        under_way: 0,
        missed: VecDeque::new(),
        hits: 0,
        misses: 0,
    };
    let (connections, depth) = (arguments.or("connections", 4)?, arguments.or("depth", 16)?);
    let per_s = arguments.optional("rate")?;
    arguments.done()?;
    let outcome = engine::run(port, None, Some(Closed { work: &mut work, connections, depth, per_s }), None)?;
    Ok(told(&outcome, &format!(", \"hits\": {}, \"misses\": {}", work.hits, work.misses)))
}

/// One line of JSON; times in ms.
fn told(outcome: &Outcome, more: &str) -> String {
    let ms = |ns: u64| ns as f64 / 1e6;
    let seconds = outcome.elapsed.as_secs_f64();
    let mut line = format!("{{\"seconds\": {seconds:.4}, \"closed_replies\": {}", outcome.closed_replies);
    for (name, times) in [("get", &outcome.get_ns), ("set", &outcome.set_ns), ("late", &outcome.late_ns)] {
        line += &format!(", \"{name}_count\": {}", times.len());
        for (quantile, suffix) in [(0.5, "p50"), (0.99, "p99"), (0.999, "p999"), (1.0, "max")] {
            line += &format!(", \"{name}_{suffix}_ms\": {:.4}", ms(times.value_at_quantile(quantile)));
        }
    }
    line + more + "}"
}
