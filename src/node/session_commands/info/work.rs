//! Sections about the work done: stats, commandstats, errorstats, latencystats, keyspace.

use super::Fields;
use crate::command::Table;
use crate::node::Node;
use crate::store::Counter;
use std::sync::atomic::Ordering::Relaxed;

pub(super) fn stats(node: &Node, _: i64, fields: &mut Fields) {
    let (totals, rates) = (node.stats.totals(), node.meters.rates());
    let counted = |counter| node.keyspace.counters.get(counter);
    let kib = |bytes: f64| format!("{:.2}", bytes / 1024.0);
    fields.add("total_connections_received", node.stats.connections.load(Relaxed));
    fields.add("total_commands_processed", totals.requests);
    fields.add("instantaneous_ops_per_sec", rates.requests as u64);
    fields.add("total_net_input_bytes", totals.input_bytes);
    fields.add("total_net_output_bytes", totals.output_bytes);
    fields.add_fixed(&[("total_net_repl_input_bytes", "0"), ("total_net_repl_output_bytes", "0")]);
    fields.add("instantaneous_input_kbps", kib(rates.input_bytes));
    fields.add("instantaneous_output_kbps", kib(rates.output_bytes));
    fields.add_fixed(&[("instantaneous_input_repl_kbps", "0.00"), ("instantaneous_output_repl_kbps", "0.00")]);
    fields.add("rejected_connections", node.stats.rejected_connections.load(Relaxed));
    fields.add_fixed(&[("sync_full", "0"), ("sync_partial_ok", "0"), ("sync_partial_err", "0")]);
    fields.add("expired_keys", counted(Counter::ExpiredKeys));
    fields.add_fixed(&[("expired_stale_perc", "0.00"), ("expired_time_cap_reached_count", "0")]);
    fields.add("expire_cycle_cpu_milliseconds", node.meters.expire_us.load(Relaxed) / 1000);
    let (exceeded_now_ms, exceeded_ms) = node.pressure.exceeded_ms();
    fields.add("evicted_keys", counted(Counter::EvictedKeys));
    fields.add("evicted_clients", 0);
    fields.add("total_eviction_exceeded_time", exceeded_ms);
    fields.add("current_eviction_exceeded_time", exceeded_now_ms);
    fields.add("keyspace_hits", counted(Counter::Hits));
    fields.add("keyspace_misses", counted(Counter::Misses));
    fields.add_fixed(&[
        ("pubsub_channels", "0"),
        ("pubsub_patterns", "0"),
        ("pubsubshard_channels", "0"),
        ("latest_fork_usec", "0"),
        ("total_forks", "0"),
        ("migrate_cached_sockets", "0"),
        ("slave_expires_tracked_keys", "0"),
        ("active_defrag_hits", "0"),
        ("active_defrag_misses", "0"),
        ("active_defrag_key_hits", "0"),
        ("active_defrag_key_misses", "0"),
        ("total_active_defrag_time", "0"),
        ("current_active_defrag_time", "0"),
        ("tracking_total_keys", "0"),
        ("tracking_total_items", "0"),
        ("tracking_total_prefixes", "0"),
        ("unexpected_error_replies", "0"),
    ]);
    fields.add("total_error_replies", node.stats.error_replies.load(Relaxed));
    fields.add("dump_payload_sanitizations", 0);
    fields.add("total_reads_processed", totals.reads);
    fields.add("total_writes_processed", totals.writes);
    fields.add_fixed(&[
        ("io_threaded_reads_processed", "0"),
        ("io_threaded_writes_processed", "0"),
        ("reply_buffer_shrinks", "0"),
        ("reply_buffer_expands", "0"),
    ]);
    fields.add("acl_access_denied_auth", node.stats.failed_auths.load(Relaxed));
    fields.add_fixed(&[
        ("acl_access_denied_cmd", "0"),
        ("acl_access_denied_key", "0"),
        ("acl_access_denied_channel", "0"),
    ]);
}

pub(super) fn command_stats(node: &Node, _: i64, fields: &mut Fields) {
    for command in Table::get().all() {
        let totals = node.stats.command(command.id);
        if totals.calls + totals.rejected + totals.failed == 0 {
            continue;
        }
        let us = totals.time_ns / 1000;
        let per_call = if totals.calls == 0 { 0.0 } else { us as f64 / totals.calls as f64 };
        fields.add(
            format_args!("cmdstat_{}", command.name),
            format_args!(
                "calls={},usec={us},usec_per_call={per_call:.2},rejected_calls={},failed_calls={}",
                totals.calls, totals.rejected, totals.failed
            ),
        );
    }
}

pub(super) fn error_stats(node: &Node, _: i64, fields: &mut Fields) {
    for (word, count) in node.stats.errors() {
        fields.add(format_args!("errorstat_{word}"), format_args!("count={count}"));
    }
}

pub(super) fn latency_stats(node: &Node, _: i64, fields: &mut Fields) {
    let percentiles = node.config.load().latency_percentiles();
    for command in Table::get().all() {
        let latency = node.stats.command(command.id).latency;
        if latency.count() == 0 {
            continue;
        }
        let us = |percent: f64| latency.percentile_ns(percent) as f64 / 1000.0;
        let values: Vec<String> = percentiles.iter().map(|percent| format!("p{percent}={:.3}", us(*percent))).collect();
        fields.add(format_args!("latency_percentiles_usec_{}", command.name), values.join(","));
    }
}

pub(super) fn keyspace(node: &Node, _: i64, fields: &mut Fields) {
    for database in 0..node.keyspace.databases() {
        let size = node.keyspace.size(database);
        if size.keys > 0 {
            fields.add(
                format_args!("db{database}"),
                format_args!("keys={},expires={},avg_ttl=0", size.keys, size.volatile),
            );
        }
    }
}
