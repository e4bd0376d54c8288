//! Asks for the cache lines of the members that a batch will look up in one big collection.
//!
//! Requests on many keys are prefetched key by key ([`Keyspace::prefetch`]); those on one big set, hash or sorted set
//! would still miss for each member, one after another. Here too the misses of a batch overlap.

use super::plan::{Plan, Planned};
use crate::command::Args;
use crate::store::value::members::hash_of;
use crate::store::{Key, KeyHash, Keyspace, Locks, Tx};

/// Requests on one key, one after another, from which on it pays: a lone one would only wait for it.
const RUN_MIN: usize = 3;
/// Members asked for together.
const RUN_MAX: usize = 32;

/// Asks for the members that runs of requests on the same key name. `args` tells a request's arguments.
#[inline]
pub(super) fn members<'a>(
    keyspace: &Keyspace,
    database: usize,
    now_ms: i64,
    plan: &Plan,
    args: impl Fn(usize) -> Args<'a>,
) {
    let planned = plan.requests();
    let mut at = 0;
    while at + RUN_MIN <= planned.len() {
        let Some(key) = key_with_member(plan, &planned[at]) else {
            at += 1;
            continue;
        };
        let rest = planned[at..].iter().take(RUN_MAX);
        let run = rest.take_while(|planned| key_with_member(plan, planned) == Some(key)).count();
        if run >= RUN_MIN {
            ask(keyspace, database, now_ms, key, &planned[at..at + run], |request| args(at + request));
        }
        at += run;
    }
}

/// The only key of a request that looks a member up.
#[inline]
fn key_with_member(plan: &Plan, planned: &Planned) -> Option<KeyHash> {
    if planned.command?.spec.first_member == 0 {
        return None;
    }
    match plan.hashes_of(planned) {
        [hash] => Some(*hash),
        _ => None,
    }
}

fn ask<'a>(
    keyspace: &Keyspace,
    database: usize,
    now_ms: i64,
    key: KeyHash,
    run: &[Planned],
    args: impl Fn(usize) -> Args<'a>,
) {
    let mut members = [0; RUN_MAX];
    let bytes = args(0).at(run[0].keys.first as usize);
    let tx = Tx::new(keyspace, database, now_ms, Locks::Slot(key.slot()));
    tx.prefetch_members(Key::with_hash(bytes, key), || {
        let mut count = 0;
        for (request, planned) in run.iter().enumerate() {
            let position = planned.command.map_or(0, |command| command.spec.first_member);
            if let Some(member) = args(request).get(position.into()) {
                members[count] = hash_of(member);
                count += 1;
            }
        }
        &members[..count]
    });
}
