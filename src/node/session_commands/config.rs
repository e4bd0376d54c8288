//! CONFIG: settings at run time.

use super::{Call, Handlers, help};
use crate::command::{Error, Outcome, glob, quotable};
use crate::node::Node;
use crate::node::config::table::{DIRECTIVES, find};
use crate::node::config::{Config, Settings, rewrite};
use crate::store::Counter;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

pub(super) const HANDLERS: Handlers = &[
    ("config|get", get),
    ("config|set", set),
    ("config|rewrite", rewrite),
    ("config|resetstat", reset_stat),
    ("config|help", |call| help::answer(call, help::CONFIG)),
];

fn get(call: &mut Call<'_>) -> Outcome {
    let config = call.node.config.load();
    // Directives and older names, in the order asked for, each once.
    let mut shown: Vec<(&[u8], usize)> = Vec::new();
    let mut add = |name, index| {
        if !shown.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
            shown.push((name, index));
        }
    };
    for pattern in call.args.skip(2) {
        let exact = !pattern.iter().any(|byte| matches!(byte, b'*' | b'?' | b'['));
        if exact {
            // A whole name is answered as it was asked for.
            if let Some(index) = find(pattern) {
                add(pattern, index);
            }
            continue;
        }
        for (index, directive) in DIRECTIVES.iter().enumerate().filter(|(_, directive)| !directive.hidden) {
            for name in std::iter::once(directive.name).chain(directive.alias) {
                if glob::matches_ignoring_case(pattern, name.as_bytes()) {
                    add(name.as_bytes(), index);
                }
            }
        }
    }
    call.reply.map(shown.len());
    for (name, index) in shown {
        call.reply.bulk(name);
        match DIRECTIVES[index].name {
            // A free port was taken: tell which.
            "port" => call.reply.bulk_int(i64::from(call.node.port())),
            _ => call.reply.bulk(config.settings.at(index)),
        }
    }
    Ok(())
}

fn set(call: &mut Call<'_>) -> Outcome {
    let args = call.args;
    if !args.len().is_multiple_of(2) {
        return Err(Error::Syntax);
    }
    // Nobody may change settings between reading them and putting the new ones in place.
    let _one_at_a_time = call.node.config_change.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let before = call.node.config.load_full();
    let pairs: Vec<(&[u8], &[u8])> = (2..args.len()).step_by(2).map(|at| (args.at(at), args.at(at + 1))).collect();
    let found = check_names(call, &before, &pairs)?;
    let mut settings = before.settings.clone();
    for (index, (name, value)) in found.iter().zip(&pairs) {
        settings.set_value(*index, value).map_err(|refusal| failed(name, &refusal))?;
    }
    let after = Config::from_settings(settings, before.file.clone());
    apply(call.node, &before, after).map_err(|(index, refusal)| failed(DIRECTIVES[index].name.as_bytes(), refusal))?;
    call.reply.ok();
    Ok(())
}

fn failed(name: &[u8], reason: &str) -> Error {
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    Error::Text(format!("ERR CONFIG SET failed (possibly related to argument '{name}') - {reason}"))
}

/// The directives meant; an unknown name is told before one that may not be set.
fn check_names(call: &Call<'_>, config: &Config, pairs: &[(&[u8], &[u8])]) -> Result<Vec<usize>, Error> {
    let mut found = Vec::with_capacity(pairs.len());
    let mut refused = None;
    for (name, _) in pairs {
        let Some(index) = find(name) else {
            let name = quotable(name, usize::MAX);
            let unknown = [b"ERR Unknown option or number of arguments for CONFIG SET - '", name, b"'"].concat();
            return Err(refused.unwrap_or(Error::Bytes(unknown)));
        };
        let directive = &DIRECTIVES[index];
        let reason = if directive.immutable {
            Some("can't set immutable config")
        } else if directive.protected && !config.protected_configs.allows(call.session.client.peer.ip()) {
            Some("can't set protected config")
        } else if found.contains(&index) {
            Some("duplicate parameter")
        } else {
            None
        };
        refused = refused.or(reason.map(|reason| failed(name, reason)));
        found.push(index);
    }
    refused.map_or(Ok(found), Err)
}

/// Puts new settings in place, or says which one could not be: then none is.
fn apply(node: &Node, before: &Config, after: Config) -> Result<(), (usize, &'static str)> {
    if (before.port != after.port || before.bind != after.bind)
        && let Err(error) = node.listen_as(&after)
    {
        tracing::warn!("CONFIG SET: {error}");
        return Err(match before.port == after.port {
            true => (find(b"bind").unwrap_or(0), "Failed to bind to specified addresses."),
            false => (find(b"port").unwrap_or(0), "Unable to listen on this port. Check server logs."),
        });
    }
    let limit_changed = before.memory.bytes_max != after.memory.bytes_max;
    node.follow_changes(&after);
    node.config.store(Arc::new(after));
    if limit_changed {
        node.pressure.limit_changed();
    }
    Ok(())
}

fn rewrite(call: &mut Call<'_>) -> Outcome {
    let config = call.node.config.load();
    let Some(file) = &config.file else {
        return Err(Error::Static("ERR The server is running without a config file"));
    };
    rewrite_file(file, &config.settings, false)?;
    call.reply.ok();
    Ok(())
}

/// Brings the file up to date; also DEBUG CONFIG-REWRITE-FORCE-ALL.
pub(super) fn rewrite_file(file: &std::path::Path, settings: &Settings, force: bool) -> Outcome {
    rewrite::rewrite(file, settings, force).map_err(|error| {
        tracing::error!("CONFIG REWRITE of {} failed: {error}", file.display());
        let reason = error.to_string();
        let reason = reason.split(" (os error").next().unwrap_or_default();
        Error::Text(format!("ERR Rewriting config file: {reason}"))
    })
}

fn reset_stat(call: &mut Call<'_>) -> Outcome {
    call.node.stats.reset();
    call.node.meters.lazyfreed.store(0, Relaxed);
    call.node.meters.expire_us.store(0, Relaxed);
    call.node.pressure.reset();
    for counter in [Counter::Hits, Counter::Misses, Counter::ExpiredKeys, Counter::EvictedKeys] {
        call.node.keyspace.counters.reset(counter);
    }
    call.reply.ok();
    Ok(())
}
