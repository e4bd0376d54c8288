//! The process and its surroundings: time, art, saving, stopping, replicas; and what stands in for scripts and
//! functions until there are some.

use super::hello::REDIS_VERSION;
use super::{Call, Handlers, help, syntax_error};
use crate::command::{Error, Outcome, number};
use crate::node::session::After;
use std::time::{SystemTime, UNIX_EPOCH};

pub(super) const HANDLERS: Handlers = &[
    ("time", time),
    ("lolwut", lolwut),
    ("save", no_files),
    ("bgsave", no_files),
    ("bgrewriteaof", no_files),
    ("lastsave", last_save),
    ("shutdown", shutdown),
    ("role", role),
    ("wait", wait),
    ("replicaof", replica_of),
    ("slaveof", replica_of),
    ("module|list", empty_array),
    ("module|help", |call| help::answer(call, help::MODULE)),
    ("function|flush", flush_functions),
    ("function|list", empty_array),
    ("function|help", |call| help::answer(call, help::FUNCTION)),
    ("script|flush", flush_scripts),
];

fn time(call: &mut Call<'_>) -> Outcome {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    call.reply.array(2);
    call.reply.bulk_int(now.as_secs() as i64);
    call.reply.bulk_int(i64::from(now.subsec_micros()));
    Ok(())
}

/// A strip of the slots, one mark for every 256, drawn anew each time; then the version.
fn lolwut(call: &mut Call<'_>) -> Outcome {
    if call.args.is(1, "version") && call.args.len() > 2 {
        number::int(call.args.at(2))?;
    }
    let mut text = String::new();
    for _ in 0..4 {
        text.extend((0..16).flat_map(|_| [' ', *fastrand::choice(&['░', '▒', '▓', '█']).unwrap_or(&'█')]));
        text.push('\n');
    }
    text += &format!("\nslotwise {}. Redis ver. {REDIS_VERSION}\n", env!("CARGO_PKG_VERSION"));
    call.reply.verbatim("txt", text.as_bytes());
    Ok(())
}

fn no_files(call: &mut Call<'_>) -> Outcome {
    let name = call.command.name.to_ascii_uppercase();
    Err(Error::Text(format!("ERR {name} is not supported by slotwise yet: nothing is kept on disk")))
}

fn last_save(call: &mut Call<'_>) -> Outcome {
    call.reply.int(call.node.started_ms / 1000);
    Ok(())
}

fn shutdown(call: &mut Call<'_>) -> Outcome {
    let (mut save, mut no_save, mut abort, mut others) = (false, false, false, false);
    for word in call.args.skip(1) {
        match word.to_ascii_lowercase().as_slice() {
            b"save" => save = true,
            b"nosave" => no_save = true,
            b"now" | b"force" => others = true,
            b"abort" => abort = true,
            _ => return Err(Error::Syntax),
        }
    }
    if save && no_save || abort && (save || no_save || others) {
        return Err(Error::Syntax);
    }
    if abort {
        return Err(Error::Static("ERR No shutdown in progress."));
    }
    if save {
        return Err(Error::Static("ERR SHUTDOWN SAVE is not supported by slotwise yet: nothing is kept on disk"));
    }
    // No reply: the client sees the connection close.
    call.session.after = After::Close;
    call.node.stop.send_replace(true);
    Ok(())
}

fn role(call: &mut Call<'_>) -> Outcome {
    call.reply.array(3);
    call.reply.bulk(b"master");
    call.reply.int(0);
    call.reply.array(0);
    Ok(())
}

/// No replicas: none acknowledges, however long one waits.
fn wait(call: &mut Call<'_>) -> Outcome {
    number::int(call.args.at(1))?;
    let timeout_ms =
        number::parse_int(call.args.at(2)).ok_or(Error::Static("ERR timeout is not an integer or out of range"))?;
    if timeout_ms < 0 {
        return Err(Error::Static("ERR timeout is negative"));
    }
    call.reply.int(0);
    Ok(())
}

fn replica_of(call: &mut Call<'_>) -> Outcome {
    if call.node.config.load().cluster_enabled {
        return Err(Error::Static("ERR REPLICAOF not allowed in cluster mode."));
    }
    if call.args.is(1, "no") && call.args.is(2, "one") {
        call.reply.ok();
        return Ok(());
    }
    Err(Error::Static("ERR REPLICAOF is not supported by slotwise yet"))
}

fn empty_array(call: &mut Call<'_>) -> Outcome {
    call.reply.array(0);
    Ok(())
}

fn flush(call: &mut Call<'_>, refusal: &'static str) -> Outcome {
    match call.args.len() {
        2 => {}
        3 if call.args.is(2, "sync") || call.args.is(2, "async") => {}
        3 => return Err(Error::Static(refusal)),
        _ => return Err(syntax_error(call)),
    }
    call.reply.ok();
    Ok(())
}

fn flush_functions(call: &mut Call<'_>) -> Outcome {
    flush(call, "ERR FUNCTION FLUSH only supports SYNC|ASYNC option")
}

fn flush_scripts(call: &mut Call<'_>) -> Outcome {
    flush(call, "ERR SCRIPT FLUSH only support SYNC|ASYNC option")
}
