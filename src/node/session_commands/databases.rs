//! FLUSHDB, FLUSHALL and SWAPDB: whole databases.

use super::{Call, Handlers};
use crate::command::{Error, Outcome, number};
use crate::store::{Counter, Event, Flushed, Key, Locks, Told, Tx};

pub(super) const HANDLERS: Handlers = &[("flushdb", flush_db), ("flushall", flush_all), ("swapdb", swap_db)];

/// Does the caller want memory to be freed in the background?
fn is_lazy(call: &Call<'_>) -> Result<bool, Error> {
    match call.args.len() {
        1 => Ok(call.node.config.load().lazyfree.flush),
        2 if call.args.is(1, "async") => Ok(true),
        2 if call.args.is(1, "sync") => Ok(false),
        _ => Err(Error::Syntax),
    }
}

fn discard(call: &Call<'_>, flushed: Flushed, lazy: bool) {
    call.node.keyspace.counters.add(Counter::Modifications, flushed.keys() as u64);
    if lazy {
        call.node.lazyfree.free_flushed(flushed, &call.node.meters);
    } else {
        call.node.lazyfree.free_flushed_now(flushed, &call.node.meters);
    }
}

/// Empties a database. Who watches a key that was there is told, and those who wait for one look again.
fn flush(call: &mut Call<'_>, database: usize, lazy: bool) {
    touch(call, database, None, "flushdb");
    discard(call, call.node.keyspace.flush(database), lazy);
}

/// Tells those who care for keys of a database that all of it changes: to what `other` holds, or to nothing.
fn touch(call: &mut Call<'_>, database: usize, other: Option<usize>, name: &'static str) {
    let keyspace = &call.node.keyspace;
    let is_live = |database: usize, key: Key<'_>| {
        let tx = Tx::new(keyspace, database, call.now_ms, Locks::Slot(key.slot()));
        tx.kind_quietly(key).is_some()
    };
    for watch in call.node.interests.watches(database) {
        let key = Key::with_hash(&watch.key, watch.hash);
        let (before, after) = (is_live(database, key), other.is_some_and(|other| is_live(other, key)));
        if before || after {
            watch.touch(!after);
        }
    }
    for key in call.node.interests.waited_for(database) {
        let hash = Key::new(&key).hash();
        call.changes.push(Told { database, class: Event::Generic, name, key, hash });
    }
}

fn flush_db(call: &mut Call<'_>) -> Outcome {
    let lazy = is_lazy(call)?;
    flush(call, call.session.database, lazy);
    call.reply.ok();
    Ok(())
}

fn flush_all(call: &mut Call<'_>) -> Outcome {
    let lazy = is_lazy(call)?;
    for database in 0..call.node.keyspace.databases() {
        flush(call, database, lazy);
    }
    call.reply.ok();
    Ok(())
}

fn swap_db(call: &mut Call<'_>) -> Outcome {
    if call.node.config.load().cluster_enabled {
        return Err(Error::Static("ERR SWAPDB is not allowed in cluster mode"));
    }
    let index = |at: usize, refusal| {
        let index = number::parse_int(call.args.at(at)).and_then(|index| i32::try_from(index).ok());
        index.ok_or(Error::Static(refusal))
    };
    let (first, second) = (index(1, "ERR invalid first DB index")?, index(2, "ERR invalid second DB index")?);
    let in_range = |index: i32| usize::try_from(index).ok().filter(|index| *index < call.node.keyspace.databases());
    let (Some(first), Some(second)) = (in_range(first), in_range(second)) else {
        return Err(Error::Static("ERR DB index is out of range"));
    };
    touch(call, first, Some(second), "swapdb");
    touch(call, second, Some(first), "swapdb");
    call.node.keyspace.swap(first, second);
    call.node.keyspace.counters.add(Counter::Modifications, 1);
    call.reply.ok();
    Ok(())
}
