//! Which slots a request needs locked before it runs, from its row and its arguments.

use super::keys::keys_of;
use super::spec::Reach;
use super::{Args, Command, Error};
use crate::slot::Slot;
use crate::store::Locks;

/// The slots of one request.
pub enum Plan {
    /// It names no keys.
    Nothing,
    /// All its keys are in one slot of the selected database.
    Slot(Slot),
    /// `(database, slot)` pairs, repeated or not.
    Slots(Vec<(usize, Slot)>),
    /// Its keys are only known while it runs.
    Database,
}

impl Plan {
    /// The plan as [`Tx::new`](crate::store::Tx::new) takes it.
    pub fn locks(&self) -> Locks<'_> {
        match self {
            Plan::Nothing => Locks::Nothing,
            Plan::Slot(slot) => Locks::Slot(*slot),
            Plan::Slots(slots) => Locks::Slots(slots),
            Plan::Database => Locks::Database,
        }
    }
}

/// Plans a request that runs on `database` of `databases`. In a cluster (`cluster_enabled`) all keys must be in
/// one slot. O(keys).
#[inline]
pub fn plan(
    command: &Command,
    args: Args<'_>,
    database: usize,
    databases: usize,
    cluster_enabled: bool,
) -> Result<Plan, Error> {
    if let (Some(first), Reach::Keys) = (command.simple_first_key, &command.spec.reach)
        && command.legacy_range.0 == command.legacy_range.1
        && usize::from(first) < args.len()
    {
        return Ok(Plan::Slot(args.key(usize::from(first)).slot()));
    }
    plan_many(command, args, database, databases, cluster_enabled)
}

fn plan_many(
    command: &Command,
    args: Args<'_>,
    database: usize,
    databases: usize,
    cluster_enabled: bool,
) -> Result<Plan, Error> {
    let keys = keys_of(command, args.len(), |index| args.at(index));
    let mut slots = keys.iter().map(|(index, _)| args.key(index).slot());
    let Some(first) = slots.next() else { return Ok(Plan::Nothing) };
    if cluster_enabled && slots.clone().any(|slot| slot != first) {
        return Err(Error::CrossSlot);
    }
    let other = match command.spec.reach {
        Reach::Keys => None,
        Reach::KeysInDatabases(other) => other(args).filter(|other| *other < databases && *other != database),
        // In a cluster such a command is refused or stays inside its slot.
        Reach::Undeclared(reaches) if !cluster_enabled && reaches(args) => return Ok(Plan::Database),
        Reach::Undeclared(_) => None,
    };
    if other.is_none() && slots.clone().all(|slot| slot == first) {
        return Ok(Plan::Slot(first));
    }
    let slots = std::iter::once(first).chain(slots);
    Ok(Plan::Slots(match other {
        None => slots.map(|slot| (database, slot)).collect(),
        Some(other) => slots.flat_map(|slot| [(database, slot), (other, slot)]).collect(),
    }))
}
