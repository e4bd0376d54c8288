//! SLOWLOG, COMMANDLOG and LATENCY: what took long or was large.

use super::{Call, Handlers, help};
use crate::command::{Command, Error, Outcome, Table, number};
use crate::node::latency::{Series, Spike};
use crate::node::slowlog::SlowLog;
use crate::resp::Reply;
use std::fmt::Write;

pub(super) const HANDLERS: Handlers = &[
    ("slowlog|get", slowlog_get),
    ("slowlog|len", slowlog_len),
    ("slowlog|reset", slowlog_reset),
    ("slowlog|help", |call| help::answer(call, help::SLOWLOG)),
    ("commandlog|get", commandlog_get),
    ("commandlog|len", commandlog_len),
    ("commandlog|reset", commandlog_reset),
    ("commandlog|help", |call| help::answer(call, help::COMMANDLOG)),
    ("latency|history", history),
    ("latency|latest", latest),
    ("latency|reset", reset),
    ("latency|graph", graph),
    ("latency|doctor", doctor),
    ("latency|histogram", histogram),
    ("latency|help", |call| help::answer(call, help::LATENCY)),
];

/// Entries SLOWLOG GET answers unless told how many.
const SLOWLOG_COUNT: i64 = 10;
/// Moments side by side in a graph.
const GRAPH_WIDTH: usize = 80;
const GRAPH_ROWS: usize = 4;
/// What a row shows where a column ends in it, the higher the later; below, the column is drawn through.
const GRAPH_TOPS: [char; 3] = ['_', 'o', '#'];
const GRAPH_COLUMN: char = '|';

fn slowlog_get(call: &mut Call<'_>) -> Outcome {
    let count = match call.args.get(2) {
        None => SLOWLOG_COUNT,
        Some(_) if call.args.len() > 3 => return Err(super::syntax_error(call)),
        Some(word) => entry_count(word)?,
    };
    entries(&mut call.reply, &call.node.logs.slow, count);
    Ok(())
}

/// Reads how many entries are wanted; -1: all.
fn entry_count(word: &[u8]) -> Result<i64, Error> {
    number::parse_int(word)
        .filter(|count| *count >= -1)
        .ok_or(Error::Static("ERR count should be greater than or equal to -1"))
}

/// Answers with the newest entries of a log, a negative `count` with all.
fn entries(reply: &mut Reply<'_>, log: &SlowLog, count: i64) {
    let entries = log.newest(usize::try_from(count).unwrap_or(usize::MAX));
    reply.array(entries.len());
    for entry in entries {
        reply.array(6);
        reply.int(entry.id);
        reply.int(entry.at_s);
        reply.int(entry.measured);
        reply.array(entry.args.len());
        entry.args.iter().for_each(|arg| reply.bulk(arg));
        reply.bulk(entry.peer.as_bytes());
        reply.bulk(&entry.client);
    }
}

fn slowlog_len(call: &mut Call<'_>) -> Outcome {
    call.reply.int(call.node.logs.slow.len() as i64);
    Ok(())
}

fn slowlog_reset(call: &mut Call<'_>) -> Outcome {
    call.node.logs.slow.reset();
    call.reply.ok();
    Ok(())
}

/// The log that an argument names.
fn log_at<'a>(call: &Call<'a>, index: usize) -> Result<&'a SlowLog, Error> {
    let unknown = Error::Static("ERR type should be one of the following: slow, large-request, large-reply");
    call.node.logs.named(call.args.at(index)).ok_or(unknown)
}

fn commandlog_get(call: &mut Call<'_>) -> Outcome {
    let log = log_at(call, 3)?;
    let count = entry_count(call.args.at(2))?;
    entries(&mut call.reply, log, count);
    Ok(())
}

fn commandlog_len(call: &mut Call<'_>) -> Outcome {
    let log = log_at(call, 2)?;
    call.reply.int(log.len() as i64);
    Ok(())
}

fn commandlog_reset(call: &mut Call<'_>) -> Outcome {
    log_at(call, 2)?.reset();
    call.reply.ok();
    Ok(())
}

/// The series of the event that argument 2 names.
fn series_of(call: &Call<'_>) -> Option<(&'static str, Series)> {
    let event = call.args.at(2);
    call.node.latency.all().into_iter().find(|(name, _)| name.as_bytes() == event)
}

fn history(call: &mut Call<'_>) -> Outcome {
    let spikes = series_of(call).map(|(_, series)| series.spikes).unwrap_or_default();
    call.reply.array(spikes.len());
    for spike in spikes {
        call.reply.array(2);
        call.reply.int(spike.at_s);
        call.reply.int(spike.took_ms as i64);
    }
    Ok(())
}

fn latest(call: &mut Call<'_>) -> Outcome {
    let events = call.node.latency.all();
    call.reply.array(events.len());
    for (event, series) in events {
        let last = series.spikes.back().copied();
        call.reply.array(4);
        call.reply.bulk(event.as_bytes());
        call.reply.int(last.map_or(0, |spike| spike.at_s));
        call.reply.int(last.map_or(0, |spike| spike.took_ms as i64));
        call.reply.int(series.longest_ms as i64);
    }
    Ok(())
}

fn reset(call: &mut Call<'_>) -> Outcome {
    let count = match call.args.len() {
        2 => call.node.latency.reset_all(),
        _ => call.args.skip(2).filter(|event| call.node.latency.reset(event)).count(),
    };
    call.reply.int(count as i64);
    Ok(())
}

fn graph(call: &mut Call<'_>) -> Outcome {
    let Some((event, series)) = series_of(call) else {
        let event = String::from_utf8_lossy(call.args.at(2));
        return Err(Error::Text(format!("ERR No samples available for event '{event}'")));
    };
    let text = draw(event, &series, call.now_ms / 1000);
    call.reply.verbatim("txt", text.as_bytes());
    Ok(())
}

/// A column for each moment, oldest first, and below it how long ago that was, to be read downwards.
fn draw(event: &str, series: &Series, now_s: i64) -> String {
    let times = series.spikes.iter().map(|spike| spike.took_ms);
    let (low, high) = (times.clone().min().unwrap_or(0), times.max().unwrap_or(0));
    let mut text = format!("{event} - high {high} ms, low {low} ms (all time high {} ms)\n", series.longest_ms);
    text += &"-".repeat(GRAPH_WIDTH);
    text.push('\n');
    let moments: Vec<Spike> = series.spikes.iter().copied().collect();
    for (block, moments) in moments.chunks(GRAPH_WIDTH).enumerate() {
        if block > 0 {
            text.push('\n');
        }
        let steps = (GRAPH_ROWS * GRAPH_TOPS.len()) as u64;
        let range = (high - low).max(1);
        let heights = moments.iter().map(|spike| ((spike.took_ms - low) * steps / range).min(steps - 1) as usize);
        let heights: Vec<usize> = heights.collect();
        for bottom in (0..GRAPH_ROWS).rev().map(|row| row * GRAPH_TOPS.len()) {
            text.extend(heights.iter().map(|height| match height.checked_sub(bottom) {
                Some(above) => GRAPH_TOPS.get(above).copied().unwrap_or(GRAPH_COLUMN),
                None => ' ',
            }));
            text.push('\n');
        }
        text += &" ".repeat(moments.len());
        text.push('\n');
        let labels: Vec<String> = moments.iter().map(|spike| age(now_s - spike.at_s)).collect();
        for row in 0..labels.iter().map(String::len).max().unwrap_or(0) {
            text.extend(labels.iter().map(|label| label.as_bytes().get(row).map_or(' ', |letter| *letter as char)));
            text.push('\n');
        }
    }
    text
}

/// A number of seconds in the largest unit that it reaches.
fn age(seconds: i64) -> String {
    match seconds {
        ..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

fn doctor(call: &mut Call<'_>) -> Outcome {
    let config = call.node.config.load();
    let events = call.node.latency.all();
    let mut text = String::new();
    if config.latency_threshold_ms == 0 {
        text += "Latency monitoring is off on this node. \"CONFIG SET latency-monitor-threshold <milliseconds>\" \
                 switches it on.\n";
    } else if events.is_empty() {
        let _ = writeln!(text, "Nothing took {} ms or longer since the last reset.", config.latency_threshold_ms);
    }
    for (number, (event, series)) in (1..).zip(&events) {
        let count = series.spikes.len().max(1) as u64;
        let sum: u64 = series.spikes.iter().map(|spike| spike.took_ms).sum();
        let _ = writeln!(
            text,
            "{number}. {event}: {count} latency spikes (average {} ms). Worst all time event {} ms.",
            sum / count,
            series.longest_ms
        );
    }
    call.reply.verbatim("txt", text.as_bytes());
    Ok(())
}

fn histogram(call: &mut Call<'_>) -> Outcome {
    let asked: Vec<&Command> = match call.args.len() {
        2 => Table::get().all().collect(),
        // A container stands for its subcommands.
        _ => {
            let found = call.args.skip(2).filter_map(|name| Table::get().by_full_name(name));
            found.flat_map(|command| std::iter::once(command).chain(command.subcommands.iter())).collect()
        }
    };
    let start = call.reply.mark();
    let mut count = 0;
    for command in asked {
        let latency = call.node.stats.command(command.id).latency;
        if latency.count() == 0 {
            continue;
        }
        count += 1;
        let steps = latency.cumulative();
        let reply = &mut call.reply;
        reply.bulk(command.name.as_bytes());
        reply.map(2);
        reply.bulk(b"calls");
        reply.int(latency.count() as i64);
        reply.bulk(b"histogram_usec");
        reply.map(steps.len());
        for (us, runs) in steps {
            reply.int(us as i64);
            reply.int(runs as i64);
        }
    }
    call.reply.map_at(start, count);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::latency::Latency;

    #[test]
    fn a_graph_has_a_column_for_every_moment() {
        let latency = Latency::default();
        for (second, took_ms) in [(1, 100), (2, 400), (3, 200)] {
            latency.add("command", second, took_ms);
        }
        let text = draw("command", &latency.all()["command"], 100);
        assert!(text.starts_with("command - high 400 ms, low 100 ms (all time high 400 ms)\n"));
        assert_eq!(text.lines().skip(2).collect::<Vec<_>>(), [" # ", " | ", " |o", "_||", "   ", "111", "mmm"]);
    }

    #[test]
    fn many_moments_are_drawn_in_blocks() {
        let latency = Latency::default();
        (0..90).for_each(|second| latency.add("command", second, 7));
        let text = draw("command", &latency.all()["command"], 90_000);
        let lines: Vec<&str> = text.lines().skip(2).collect();
        assert_eq!(lines.len(), 2 * 7 + 1);
        assert_eq!((lines[3], lines[5], lines[6]), (&*"_".repeat(80), &*"1".repeat(80), &*"d".repeat(80)));
        assert_eq!((lines[7], lines[11]), ("", "__________"));
    }

    #[test]
    fn ages_are_in_their_largest_unit() {
        let shown: Vec<String> = [0, 59, 60, 3599, 3600, 86_399, 86_400].map(age).to_vec();
        assert_eq!(shown.join(" "), "0s 59s 1m 59m 1h 23h 1d");
    }
}
