//! FLUSHDB, FLUSHALL and SWAPDB: whole databases.

use super::{Call, Handlers};
use crate::command::{Error, Outcome, number};
use crate::store::{Counter, Flushed};

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

fn flush_db(call: &mut Call<'_>) -> Outcome {
    let lazy = is_lazy(call)?;
    discard(call, call.node.keyspace.flush(call.session.database), lazy);
    call.reply.ok();
    Ok(())
}

fn flush_all(call: &mut Call<'_>) -> Outcome {
    let lazy = is_lazy(call)?;
    for database in 0..call.node.keyspace.databases() {
        discard(call, call.node.keyspace.flush(database), lazy);
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
    call.node.keyspace.swap(first, second);
    call.node.keyspace.counters.add(Counter::Modifications, 1);
    call.reply.ok();
    Ok(())
}
