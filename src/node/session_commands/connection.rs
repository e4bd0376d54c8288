//! PING, ECHO, SELECT, QUIT and other small talk.

use super::{Call, Handlers};
use crate::command::{Error, Outcome, number};
use crate::node::session::After;
use crate::resp::Protocol;
use std::sync::atomic::Ordering::Relaxed;

pub(super) const HANDLERS: Handlers = &[("ping", ping), ("echo", echo), ("select", select), ("quit", quit)];

fn ping(call: &mut Call<'_>) -> Outcome {
    match call.args.get(1) {
        _ if call.args.len() > 2 => return Err(Error::WrongArity("ping".into())),
        // Told apart from messages by their shape.
        message if call.session.protocol == Protocol::Resp2 && call.session.client.is_subscribed() => {
            call.reply.array(2);
            call.reply.bulk(b"pong");
            call.reply.bulk(message.unwrap_or_default());
        }
        Some(message) => call.reply.bulk(message),
        None => call.reply.simple("PONG"),
    }
    Ok(())
}

fn echo(call: &mut Call<'_>) -> Outcome {
    call.reply.bulk(call.args.at(1));
    Ok(())
}

fn quit(call: &mut Call<'_>) -> Outcome {
    call.reply.ok();
    call.session.after = After::Close;
    Ok(())
}

fn select(call: &mut Call<'_>) -> Outcome {
    let index = number::int32(call.args.at(1))?;
    if call.node.config.load().cluster_enabled && index != 0 {
        return Err(Error::Static("ERR SELECT is not allowed in cluster mode"));
    }
    let database = usize::try_from(index)
        .ok()
        .filter(|index| *index < call.node.keyspace.databases())
        .ok_or(Error::Static("ERR DB index is out of range"))?;
    call.session.database = database;
    call.session.client.database.store(database as u8, Relaxed);
    call.reply.ok();
    Ok(())
}
