//! SUBSCRIBE, PUBLISH and their like.

use super::{Call, Handlers, help};
use crate::command::{Error, Outcome};
use crate::node::pubsub::Space;
use crate::resp::Protocol;
use crate::slot::Slot;

pub(super) const HANDLERS: Handlers = &[
    ("subscribe", |call| subscribe(call, Space::Channels)),
    ("psubscribe", |call| subscribe(call, Space::Patterns)),
    ("ssubscribe", |call| subscribe(call, Space::Shards)),
    ("unsubscribe", |call| unsubscribe(call, Space::Channels)),
    ("punsubscribe", |call| unsubscribe(call, Space::Patterns)),
    ("sunsubscribe", |call| unsubscribe(call, Space::Shards)),
    ("publish", |call| publish(call, Space::Channels)),
    ("spublish", |call| publish(call, Space::Shards)),
    ("pubsub|channels", |call| names(call, Space::Channels)),
    ("pubsub|shardchannels", |call| names(call, Space::Shards)),
    ("pubsub|numsub", |call| subscribers(call, Space::Channels)),
    ("pubsub|shardnumsub", |call| subscribers(call, Space::Shards)),
    ("pubsub|numpat", |call| {
        call.reply.int(call.node.hub.count(Space::Patterns) as i64);
        Ok(())
    }),
    ("pubsub|help", |call| help::answer(call, help::PUBSUB)),
];

/// The words that open the answer to subscribing and unsubscribing.
fn words(space: Space) -> (&'static [u8], &'static [u8]) {
    match space {
        Space::Channels => (b"subscribe", b"unsubscribe"),
        Space::Patterns => (b"psubscribe", b"punsubscribe"),
        Space::Shards => (b"ssubscribe", b"sunsubscribe"),
    }
}

/// Subscriptions that an answer counts: shard channels by themselves.
fn count(call: &Call<'_>, space: Space) -> i64 {
    let own = call.session.client.subscriptions.lock();
    let count = match space {
        Space::Shards => own.count(Space::Shards),
        Space::Channels | Space::Patterns => own.count(Space::Channels) + own.count(Space::Patterns),
    };
    count as i64
}

fn tell(call: &mut Call<'_>, word: &[u8], name: Option<&[u8]>, space: Space) {
    let count = count(call, space);
    call.reply.push(3);
    call.reply.bulk(word);
    match name {
        Some(name) => call.reply.bulk(name),
        None => call.reply.null(),
    }
    call.reply.int(count);
}

fn subscribe(call: &mut Call<'_>, space: Space) -> Outcome {
    // Inside a transaction a RESP2 client could not tell replies from messages.
    if call.session.in_exec && call.session.protocol == Protocol::Resp2 {
        return Err(Error::Static("ERR Command not allowed inside a transaction"));
    }
    if space == Space::Shards {
        check_slots(call)?;
    }
    for index in 1..call.args.len() {
        let name = call.args.at(index);
        call.node.hub.subscribe(&call.session.client, space, name);
        tell(call, words(space).0, Some(name), space);
    }
    Ok(())
}

fn unsubscribe(call: &mut Call<'_>, space: Space) -> Outcome {
    let word = words(space).1;
    let names: Vec<Box<[u8]>> = if call.args.len() > 1 {
        call.args.skip(1).map(Box::from).collect()
    } else {
        call.session.client.subscriptions.lock().names(space)
    };
    if names.is_empty() {
        tell(call, word, None, space);
    }
    for name in names {
        call.node.hub.unsubscribe(&call.session.client, space, &name);
        tell(call, word, Some(&name), space);
    }
    Ok(())
}

fn publish(call: &mut Call<'_>, space: Space) -> Outcome {
    if space == Space::Shards {
        check_slots(call)?;
    }
    let unread_bytes_max = call.node.config.load().pubsub_unread_bytes_max;
    let (channel, message) = (call.args.at(1), call.args.at(2));
    let sent = call.node.hub.publish(space, channel, message, unread_bytes_max);
    call.reply.int(sent as i64);
    Ok(())
}

/// In a cluster all shard channels of a request are in one slot, and this node serves it.
fn check_slots(call: &Call<'_>) -> Outcome {
    if !call.node.config.load().cluster_enabled {
        return Ok(());
    }
    let last = if call.command.name.as_ref() == "spublish" { 2 } else { call.args.len() };
    let mut slots = (1..last).map(|index| Slot::of(call.args.at(index)));
    let Some(slot) = slots.next() else { return Ok(()) };
    if slots.any(|other| other != slot) {
        return Err(Error::CrossSlot);
    }
    let view = call.node.view.load();
    match view.owner(slot) {
        Some(owner) if owner.id == call.node.id => Ok(()),
        None => Err(Error::Static("CLUSTERDOWN Hash slot not served")),
        Some(owner) => {
            let local = call.session.client.local.ip().to_string();
            let host = if owner.host.is_empty() { &local } else { &owner.host };
            Err(Error::Text(format!("MOVED {slot} {host}:{}", owner.port)))
        }
    }
}

fn names(call: &mut Call<'_>, space: Space) -> Outcome {
    if call.args.len() > 3 {
        return Err(super::syntax_error(call));
    }
    let names = call.node.hub.names(space, call.args.get(2));
    call.reply.array(names.len());
    names.iter().for_each(|name| call.reply.bulk(name));
    Ok(())
}

fn subscribers(call: &mut Call<'_>, space: Space) -> Outcome {
    call.reply.array(2 * (call.args.len() - 2));
    for index in 2..call.args.len() {
        let name = call.args.at(index);
        call.reply.bulk(name);
        call.reply.int(call.node.hub.subscribers(space, name) as i64);
    }
    Ok(())
}
