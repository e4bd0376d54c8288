//! The least that lets clients connect, until the complete commands land.

use super::{Call, Handlers};
use crate::command::{Error, Outcome};
use crate::resp::Protocol;
use std::sync::atomic::Ordering::Relaxed;

pub(super) const HANDLERS: Handlers = &[
    ("hello", hello),
    ("client|setinfo", ok),
    ("client|setname", ok),
    ("client|id", id),
    ("config|get", config_get),
    ("config|set", ok),
    ("config|resetstat", ok),
    ("function|flush", ok),
    ("flushall", flush),
    ("flushdb", flush),
    ("readonly", ok),
    ("info", info),
];

fn ok(call: &mut Call<'_>) -> Outcome {
    call.reply.ok();
    Ok(())
}

fn id(call: &mut Call<'_>) -> Outcome {
    call.reply.int(call.session.client.id as i64);
    Ok(())
}

fn hello(call: &mut Call<'_>) -> Outcome {
    match call.args.get(1) {
        None => {}
        Some(b"2") => call.session.protocol = Protocol::Resp2,
        Some(b"3") => call.session.protocol = Protocol::Resp3,
        Some(_) => return Err(Error::Static("NOPROTO unsupported protocol version")),
    }
    let version = if call.session.protocol == Protocol::Resp3 { 3 } else { 2 };
    call.session.client.protocol.store(version, Relaxed);
    call.reply.set_protocol(call.session.protocol);
    call.reply.map(7);
    for (name, value) in [("server", "redis"), ("version", "7.2.4"), ("mode", "cluster"), ("role", "master")] {
        call.reply.bulk(name.as_bytes());
        call.reply.bulk(value.as_bytes());
    }
    call.reply.bulk(b"proto");
    call.reply.int(version.into());
    call.reply.bulk(b"id");
    call.reply.int(call.session.client.id as i64);
    call.reply.bulk(b"modules");
    call.reply.array(0);
    Ok(())
}

fn config_get(call: &mut Call<'_>) -> Outcome {
    call.reply.map(1);
    call.reply.bulk(call.args.at(2));
    call.reply.bulk(b"");
    Ok(())
}

fn flush(call: &mut Call<'_>) -> Outcome {
    if call.args.is(0, "FLUSHDB") {
        drop(call.node.keyspace.flush(call.session.database));
    } else {
        for database in 0..call.node.keyspace.databases() {
            drop(call.node.keyspace.flush(database));
        }
    }
    call.reply.ok();
    Ok(())
}

fn info(call: &mut Call<'_>) -> Outcome {
    call.reply
        .verbatim("txt", b"# Server\r\nredis_version:7.2.4\r\nredis_mode:cluster\r\nloading:0\r\nrole:master\r\n");
    Ok(())
}
