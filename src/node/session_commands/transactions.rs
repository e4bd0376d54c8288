//! MULTI, DISCARD, WATCH and UNWATCH; EXEC is the dispatcher's.

use super::{Call, Handlers};
use crate::command::{Error, Outcome};
use crate::node::transaction::{Multi, unwatch};
use crate::store::{Locks, Tx};
use std::sync::atomic::Ordering::SeqCst;

pub(super) const HANDLERS: Handlers = &[
    ("multi", multi),
    ("discard", discard),
    ("watch", watch),
    ("unwatch", |call| {
        unwatch(call.node, &call.session.client);
        call.reply.ok();
        Ok(())
    }),
];

fn multi(call: &mut Call<'_>) -> Outcome {
    if call.session.multi.is_some() {
        return Err(Error::Static("ERR MULTI calls can not be nested"));
    }
    call.session.multi = Some(Multi::default());
    call.reply.ok();
    Ok(())
}

fn discard(call: &mut Call<'_>) -> Outcome {
    if call.session.multi.take().is_none() {
        return Err(Error::Static("ERR DISCARD without MULTI"));
    }
    unwatch(call.node, &call.session.client);
    call.reply.ok();
    Ok(())
}

fn watch(call: &mut Call<'_>) -> Outcome {
    if call.session.multi.is_some() {
        return Err(Error::Static("ERR WATCH inside MULTI is not allowed"));
    }
    let (node, client, database) = (call.node, &call.session.client, call.session.database);
    for index in 1..call.args.len() {
        let key = call.args.key(index);
        let watches = client.watches();
        if watches.iter().any(|watch| watch.database == database && *watch.key == *key.bytes()) {
            continue;
        }
        if watches.is_empty() {
            node.interests.watching_clients.fetch_add(1, SeqCst);
        }
        // Under the lock: a change that comes later is not missed.
        let tx = Tx::new(&node.keyspace, database, call.now_ms, Locks::Slot(key.slot()));
        let place = (database, key.bytes(), key.hash());
        let watch = node.interests.watch(&node.keyspace.hooks, place, tx.is_stale(key), &client.changed);
        client.add_watch(watch);
    }
    call.reply.ok();
    Ok(())
}
