//! Sections about the process: server, clients, memory, persistence, replication, cpu.

use super::super::hello::REDIS_VERSION;
use super::Fields;
use crate::node::{Node, memory as process_memory};
use nix::sys::resource::{UsageWho, getrusage};
use std::sync::atomic::Ordering::Relaxed;

pub(super) fn server(node: &Node, now_ms: i64, fields: &mut Fields) {
    let config = node.config.load();
    let uptime_s = node.started.elapsed().as_secs();
    let system = nix::sys::utsname::uname().ok();
    let hz = config.settings.text("hz");
    fields.add("redis_version", REDIS_VERSION);
    fields.add("server_name", "slotwise");
    fields.add("slotwise_version", env!("CARGO_PKG_VERSION"));
    fields.add_fixed(&[("redis_git_sha1", "00000000"), ("redis_git_dirty", "0"), ("redis_build_id", "0")]);
    fields.add("redis_mode", if config.cluster_enabled { "cluster" } else { "standalone" });
    let words = system.as_ref().map(|system| [system.sysname(), system.release(), system.machine()]);
    let words = words.map(|words| words.map(|word| word.to_string_lossy().into_owned()));
    fields.add("os", words.map_or_else(|| std::env::consts::OS.to_owned(), |words| words.join(" ")));
    fields.add("arch_bits", usize::BITS);
    fields.add_fixed(&[
        ("monotonic_clock", "POSIX clock_gettime"),
        ("multiplexing_api", "epoll"),
        ("atomicvar_api", "rust-std"),
        ("gcc_version", "0.0.0"),
    ]);
    fields.add("process_id", std::process::id());
    fields.add("process_supervised", "no");
    fields.add("run_id", &node.run_id);
    fields.add("tcp_port", node.port());
    fields.add("server_time_usec", now_ms * 1000);
    fields.add("uptime_in_seconds", uptime_s);
    fields.add("uptime_in_days", uptime_s / 86_400);
    fields.add("hz", &hz);
    fields.add("configured_hz", &hz);
    fields.add("lru_clock", (now_ms / 1000) & 0xff_ffff);
    fields.add("executable", std::env::current_exe().unwrap_or_default().display());
    fields.add("config_file", config.file.as_deref().unwrap_or(std::path::Path::new("")).display());
    fields.add("io_threads_active", u8::from(config.threads > 1));
    fields.add("threads", config.threads);
}

pub(super) fn clients(node: &Node, _: i64, fields: &mut Fields) {
    let clients = node.clients.list();
    let most = |of: fn(&crate::node::clients::Client) -> usize| clients.iter().map(|client| of(client)).max();
    fields.add("connected_clients", clients.len());
    fields.add("cluster_connections", 0);
    fields.add("maxclients", node.config.load().clients_max);
    fields.add("client_recent_max_input_buffer", most(|client| client.input_capacity.load(Relaxed)).unwrap_or(0));
    fields.add("client_recent_max_output_buffer", most(|client| client.output_bytes.load(Relaxed)).unwrap_or(0));
    fields.add("blocked_clients", node.stats.blocked_clients.load(Relaxed));
    fields.add("watching_clients", node.interests.watching_clients.load(Relaxed));
    fields.add("pubsub_clients", node.hub.clients());
    fields.add("total_blocking_keys", node.interests.waiting_keys());
    fields.add("total_blocking_keys_on_nokey", 0);
    fields.add_fixed(&[("tracking_clients", "0"), ("clients_in_timeout_table", "0"), ("total_watched_keys", "0")]);
}

pub(super) fn memory(node: &Node, _: i64, fields: &mut Fields) {
    let config = node.config.load();
    let allocator = process_memory::allocator();
    let resident = process_memory::resident_bytes();
    let used = allocator.used();
    let peak = node.meters.note_memory(used);
    let startup = node.meters.startup_bytes.load(Relaxed);
    let buffers = client_bytes(node);
    let overhead = (startup + buffers).min(used);
    let dataset = used - overhead;
    let ratio = |part: u64, whole: u64| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
    let percent = |part: u64, whole: u64| format!("{:.2}%", 100.0 * ratio(part, whole));
    let difference = |left: u64, right: u64| left as i64 - right as i64;
    fields.add_bytes("used_memory", used);
    fields.add_bytes("used_memory_rss", resident);
    fields.add_bytes("used_memory_peak", peak);
    fields.add("used_memory_peak_perc", percent(used, peak));
    fields.add("used_memory_overhead", overhead);
    fields.add("used_memory_startup", startup);
    fields.add("used_memory_dataset", dataset);
    fields.add("used_memory_dataset_perc", percent(dataset, used.saturating_sub(startup)));
    fields.add("allocator_allocated", allocator.allocated);
    fields.add("allocator_active", allocator.active);
    fields.add("allocator_resident", allocator.resident);
    fields.add_bytes("total_system_memory", process_memory::machine_bytes());
    fields.add_fixed(&[
        ("used_memory_lua", "0"),
        ("used_memory_vm_eval", "0"),
        ("used_memory_lua_human", "0B"),
        ("used_memory_scripts_eval", "0"),
        ("number_of_cached_scripts", "0"),
        ("number_of_functions", "0"),
        ("number_of_libraries", "0"),
        ("used_memory_vm_functions", "0"),
        ("used_memory_vm_total", "0"),
        ("used_memory_vm_total_human", "0B"),
        ("used_memory_functions", "0"),
        ("used_memory_scripts", "0"),
        ("used_memory_scripts_human", "0B"),
    ]);
    fields.add_bytes("maxmemory", config.memory.bytes_max);
    fields.add("maxmemory_policy", config.settings.text("maxmemory-policy"));
    fields.add("allocator_frag_ratio", format_args!("{:.2}", ratio(allocator.active, allocator.allocated)));
    fields.add("allocator_frag_bytes", difference(allocator.active, allocator.allocated));
    fields.add("allocator_rss_ratio", format_args!("{:.2}", ratio(allocator.resident, allocator.active)));
    fields.add("allocator_rss_bytes", difference(allocator.resident, allocator.active));
    fields.add("rss_overhead_ratio", format_args!("{:.2}", ratio(resident, allocator.resident)));
    fields.add("rss_overhead_bytes", difference(resident, allocator.resident));
    fields.add("mem_fragmentation_ratio", format_args!("{:.2}", ratio(resident, used)));
    fields.add("mem_fragmentation_bytes", difference(resident, used));
    fields.add_fixed(&[
        ("mem_not_counted_for_evict", "0"),
        ("mem_replication_backlog", "0"),
        ("mem_total_replication_buffers", "0"),
        ("mem_clients_slaves", "0"),
    ]);
    fields.add("mem_clients_normal", buffers);
    fields.add_fixed(&[
        ("mem_cluster_links", "0"),
        ("mem_aof_buffer", "0"),
        ("mem_allocator", "jemalloc-5.3.1"),
        ("active_defrag_running", "0"),
    ]);
    fields.add("lazyfree_pending_objects", node.meters.lazyfree_pending.load(Relaxed));
    fields.add("lazyfreed_objects", node.meters.lazyfreed.load(Relaxed));
}

/// Buffers of all clients, in bytes.
pub(in super::super) fn client_bytes(node: &Node) -> u64 {
    let of = |client: &crate::node::clients::Client| {
        client.input_capacity.load(Relaxed) + client.output_bytes.load(Relaxed) + client.argument_bytes.load(Relaxed)
    };
    node.clients.list().iter().map(|client| of(client) as u64).sum()
}

pub(super) fn persistence(node: &Node, _: i64, fields: &mut Fields) {
    fields.add_fixed(&[
        ("loading", "0"),
        ("async_loading", "0"),
        ("current_cow_peak", "0"),
        ("current_cow_size", "0"),
        ("current_cow_size_age", "0"),
        ("current_fork_perc", "0.00"),
        ("current_save_keys_processed", "0"),
        ("current_save_keys_total", "0"),
    ]);
    fields.add("rdb_changes_since_last_save", node.keyspace.counters.get(crate::store::Counter::Modifications));
    fields.add("rdb_bgsave_in_progress", 0);
    fields.add("rdb_last_save_time", node.started_ms / 1000);
    fields.add_fixed(&[
        ("rdb_last_bgsave_status", "ok"),
        ("rdb_last_bgsave_time_sec", "-1"),
        ("rdb_current_bgsave_time_sec", "-1"),
        ("rdb_saves", "0"),
        ("rdb_last_cow_size", "0"),
        ("rdb_last_load_keys_expired", "0"),
        ("rdb_last_load_keys_loaded", "0"),
        ("aof_enabled", "0"),
        ("aof_rewrite_in_progress", "0"),
        ("aof_rewrite_scheduled", "0"),
        ("aof_last_rewrite_time_sec", "-1"),
        ("aof_current_rewrite_time_sec", "-1"),
        ("aof_last_bgrewrite_status", "ok"),
        ("aof_rewrites", "0"),
        ("aof_rewrites_consecutive_failures", "0"),
        ("aof_last_write_status", "ok"),
        ("aof_last_cow_size", "0"),
        ("module_fork_in_progress", "0"),
        ("module_fork_last_cow_size", "0"),
    ]);
}

pub(super) fn replication(node: &Node, _: i64, fields: &mut Fields) {
    fields.add_fixed(&[("role", "master"), ("connected_slaves", "0"), ("master_failover_state", "no-failover")]);
    fields.add("master_replid", node.replication_id.load());
    fields.add("master_replid2", "0".repeat(40));
    fields.add_fixed(&[("master_repl_offset", "0"), ("second_repl_offset", "-1"), ("repl_backlog_active", "0")]);
    fields.add("repl_backlog_size", node.config.load().settings.text("repl-backlog-size"));
    fields.add_fixed(&[("repl_backlog_first_byte_offset", "0"), ("repl_backlog_histlen", "0")]);
}

pub(super) fn cpu(_: &Node, _: i64, fields: &mut Fields) {
    // No thread is the main one here: all serve alike.
    for (who, suffix) in
        [(UsageWho::RUSAGE_SELF, ""), (UsageWho::RUSAGE_CHILDREN, "_children"), (UsageWho::RUSAGE_SELF, "_main_thread")]
    {
        let Ok(usage) = getrusage(who) else { continue };
        for (name, time) in [("sys", usage.system_time()), ("user", usage.user_time())] {
            fields
                .add(format_args!("used_cpu_{name}{suffix}"), format_args!("{}.{:06}", time.tv_sec(), time.tv_usec()));
        }
    }
}
