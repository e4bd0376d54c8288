//! SLOWLOG and LATENCY: what took long.

use super::{Call, Handlers, help};
use crate::command::{Command, Error, Outcome, Table, number};
use crate::node::latency::Series;
use std::fmt::Write;

pub(super) const HANDLERS: Handlers = &[
    ("slowlog|get", slowlog_get),
    ("slowlog|len", slowlog_len),
    ("slowlog|reset", slowlog_reset),
    ("slowlog|help", |call| help::answer(call, help::SLOWLOG)),
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
/// Characters of a graph's row.
const GRAPH_WIDTH: usize = 80;
const GRAPH_ROWS: usize = 4;

fn slowlog_get(call: &mut Call<'_>) -> Outcome {
    let count = match call.args.get(2) {
        None => SLOWLOG_COUNT,
        Some(_) if call.args.len() > 3 => return Err(super::syntax_error(call)),
        Some(word) => number::parse_int(word)
            .filter(|count| *count >= -1)
            .ok_or(Error::Static("ERR count should be greater than or equal to -1"))?,
    };
    let entries = call.node.slowlog.newest(usize::try_from(count).unwrap_or(usize::MAX));
    let reply = &mut call.reply;
    reply.array(entries.len());
    for entry in entries {
        reply.array(6);
        reply.int(entry.id);
        reply.int(entry.at_s);
        reply.int(entry.took_us);
        reply.array(entry.args.len());
        entry.args.iter().for_each(|arg| reply.bulk(arg));
        reply.bulk(entry.peer.as_bytes());
        reply.bulk(&entry.client);
    }
    Ok(())
}

fn slowlog_len(call: &mut Call<'_>) -> Outcome {
    call.reply.int(call.node.slowlog.len() as i64);
    Ok(())
}

fn slowlog_reset(call: &mut Call<'_>) -> Outcome {
    call.node.slowlog.reset();
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
    let text = draw(event, &series);
    call.reply.verbatim("txt", text.as_bytes());
    Ok(())
}

/// Columns of `#`, one for each moment, the newest at the right.
fn draw(event: &str, series: &Series) -> String {
    let shown: Vec<u64> = series.spikes.iter().rev().take(GRAPH_WIDTH).rev().map(|spike| spike.took_ms).collect();
    let high = shown.iter().copied().max().unwrap_or(0);
    let low = shown.iter().copied().min().unwrap_or(0);
    let mut text = format!("{event} - high {high} ms, low {low} ms (all time high {} ms)\n", series.longest_ms);
    text += &"-".repeat(GRAPH_WIDTH);
    text.push('\n');
    for row in (1..=GRAPH_ROWS).rev() {
        let filled = |took_ms: &u64| *took_ms as u128 * GRAPH_ROWS as u128 >= high as u128 * row as u128;
        text.extend(shown.iter().map(|took_ms| if filled(took_ms) { '#' } else { ' ' }));
        text.push('\n');
    }
    text
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
        let text = draw("command", &latency.all()["command"]);
        assert!(text.starts_with("command - high 400 ms, low 100 ms (all time high 400 ms)\n"));
        assert_eq!(text.lines().skip(2).collect::<Vec<_>>(), [" # ", " # ", " ##", "###"]);
    }
}
