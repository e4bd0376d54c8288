//! DEBUG: for those who develop and test servers. Behind `enable-debug-command`.
//!
//! Nothing in here can end the process: SEGFAULT, PANIC and their like are refused.

mod digest;
mod inspect;

use super::config::rewrite_file;
use super::{Call, Handlers, help, syntax_error};
use crate::cluster::NodeId;
use crate::command::{Error, Outcome, glob, number};
use crate::store::{Event, Key, Locks, Ttl, Tx};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

pub(super) const HANDLERS: Handlers = &[("debug", debug)];

/// How often a sleeping thread looks whether the node stops.
const SLEEP_STEP: Duration = Duration::from_millis(20);

fn debug(call: &mut Call<'_>) -> Outcome {
    if !call.node.config.load().debug_command.allows(call.session.client.peer.ip()) {
        return Err(Error::Static(
            "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run it \
             from a local connection, otherwise you need to set this option in the configuration file, and then \
             restart the server.",
        ));
    }
    let args = call.args;
    let word = args.at(1).to_ascii_lowercase();
    match (word.as_slice(), args.len()) {
        (b"help", 2) => return help::answer(call, help::DEBUG),
        (b"sleep", 3) => sleep(call)?,
        (b"set-active-expire", 3) => {
            call.node.active_expire.store(args.at(2).first() != Some(&b'0'), Relaxed);
            call.reply.ok();
        }
        (b"digest", 2) => {
            let digest = digest::of_all(call.node, call.now_ms).to_string();
            call.reply.simple(&digest);
        }
        (b"digest-value", 2..) => digest_values(call),
        (b"object", 3) => inspect::object(call)?,
        (b"sdslen", 3) => inspect::string_lengths(call)?,
        (b"listpack" | b"ziplist", 3) => inspect::listpack(call)?,
        (b"quicklist", 3 | 4) => inspect::quicklist(call)?,
        (b"htstats", 3 | 4) => inspect::table_stats(call)?,
        (b"htstats-key", 3 | 4) => inspect::key_table_stats(call)?,
        (b"structsize", 2) => inspect::sizes(call),
        (b"protocol", 3) => inspect::protocol(call)?,
        (b"error", 3) => return Err(Error::Text(String::from_utf8_lossy(args.at(2)).into_owned())),
        (b"log", 3) => {
            tracing::warn!("DEBUG LOG: {}", String::from_utf8_lossy(args.at(2)));
            call.reply.ok();
        }
        (b"populate", 3..=5) => populate(call)?,
        (b"change-repl-id", 2) => {
            call.node.replication_id.store(Arc::new(NodeId::random().to_string()));
            call.reply.ok();
        }
        (b"config-rewrite-force-all", 2) => {
            let config = call.node.config.load();
            let file =
                config.file.as_deref().ok_or(Error::Static("ERR The server is running without a config file"))?;
            rewrite_file(file, &config.settings, true)?;
            call.reply.ok();
        }
        // Everything is in memory and stays there: what a save and a load would bring back is what there is.
        (b"reload", 2..) if !args.skip(2).any(|option| option.eq_ignore_ascii_case(b"nosave")) => {
            for option in args.skip(2) {
                if !option.eq_ignore_ascii_case(b"merge") && !option.eq_ignore_ascii_case(b"noflush") {
                    return Err(Error::Static("ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options."));
                }
            }
            call.reply.ok();
        }
        (b"reload", _) | (b"loadaof" | b"restart" | b"crash-and-recover" | b"replicate", _) => {
            let word = String::from_utf8_lossy(args.at(1)).to_ascii_uppercase();
            return Err(Error::Text(format!("ERR DEBUG {word} is not supported by slotwise: it keeps no files yet")));
        }
        (b"segfault" | b"panic" | b"assert" | b"oom" | b"leak" | b"mallctl" | b"mallctl-str", _) => {
            let word = String::from_utf8_lossy(args.at(1)).to_ascii_uppercase();
            return Err(Error::Text(format!("ERR DEBUG {word} is refused by slotwise")));
        }
        (b"stringmatch-len", 4) => {
            let matched = glob::matches(args.at(2), args.at(3));
            call.reply.int(i64::from(matched));
        }
        // Settings of parts that work otherwise here: taken, without effect.
        (b"jmap" | b"stringmatch-test", 2)
        | (b"quicklist-packed-threshold" | b"set-skip-checksum-validation" | b"pause-cron" | b"aof-flush-sleep", 3)
        | (b"set-disable-deny-scripts" | b"drop-cluster-packet-filter", 3)
        | (b"replybuffer", 4) => call.reply.ok(),
        _ => return Err(syntax_error(call)),
    }
    Ok(())
}

/// Stops the thread of this connection, and with it all connections it serves.
fn sleep(call: &mut Call<'_>) -> Outcome {
    let seconds = number::parse_float(call.args.at(2)).unwrap_or(0.0);
    let end = Duration::try_from_secs_f64(seconds).ok().and_then(|time| Instant::now().checked_add(time));
    // A node that shall stop does not wait for it.
    while let Some(left) = end.and_then(|end| end.checked_duration_since(Instant::now()))
        && !left.is_zero()
        && !*call.node.stop.borrow()
    {
        std::thread::sleep(left.min(SLEEP_STEP));
    }
    call.reply.ok();
    Ok(())
}

fn digest_values(call: &mut Call<'_>) {
    call.reply.array(call.args.len() - 2);
    for key in call.args.skip(2) {
        let key = Key::new(key);
        let digest = transaction(call, key).inspect(key).map(digest::of_value).unwrap_or_default();
        call.reply.simple(&digest.to_string());
    }
}

/// The locked slot of a key, in the selected database.
fn transaction<'a>(call: &Call<'a>, key: Key<'_>) -> Tx<'a> {
    Tx::new(&call.node.keyspace, call.session.database, call.now_ms, Locks::Slot(key.slot()))
}

fn populate(call: &mut Call<'_>) -> Outcome {
    let args = call.args;
    let count = number::int(args.at(2))?.max(0);
    let prefix = args.get(3).unwrap_or(b"key");
    let size = args.get(4).map(number::int).transpose()?.unwrap_or(0);
    let size =
        usize::try_from(size).ok().filter(|size| *size as u64 <= call.node.config.load().data.proto_max_bulk_bytes);
    let size = size.ok_or(Error::OutOfRange)?;
    for index in 0..count {
        let key = [prefix, b":", index.to_string().as_bytes()].concat();
        let key = Key::new(&key);
        let mut value = format!("value:{index}").into_bytes();
        if size > 0 {
            // The reference pads with zero bytes, or cuts.
            value.resize(size, 0);
        }
        let mut tx = transaction(call, key);
        if !tx.exists(key) {
            tx.set_string(key, &value, Ttl::Clear);
            tx.notify(Event::String, "set", key);
        }
        if *call.node.stop.borrow() {
            break;
        }
    }
    call.reply.ok();
    Ok(())
}
