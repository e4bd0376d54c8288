//! Which slots a request needs locked before it runs, from its row and its arguments.

use super::keys::keys_of;
use super::spec::{Begin, Find, Reach};
use super::table::KeyRun;
use super::{Args, Command, Error};
use crate::slot::Slot;
use crate::store::Locks;
use smallvec::SmallVec;

/// Slots of a request that need no memory of their own: more than most requests name keys.
const SLOTS_INLINE: usize = 24;

/// The slots of one request.
pub enum Plan {
    /// It names no keys.
    Nothing,
    /// All its keys are in one slot of the selected database.
    Slot(Slot),
    /// Slots of the selected database, ascending, each once.
    Ascending(SmallVec<[Slot; SLOTS_INLINE]>),
    /// `(database, slot)` pairs, repeated or not.
    Slots(Vec<(usize, Slot)>),
    /// Its keys are only known while it runs.
    Database,
}

impl Plan {
    /// The database besides `selected` that it locks slots of.
    pub fn other_database(&self, selected: usize) -> Option<usize> {
        match self {
            Plan::Slots(slots) => slots.iter().map(|(database, _)| *database).find(|database| *database != selected),
            Plan::Nothing | Plan::Slot(_) | Plan::Ascending(_) | Plan::Database => None,
        }
    }

    /// The plan as [`Tx::new`](crate::store::Tx::new) takes it.
    pub fn locks(&self) -> Locks<'_> {
        match self {
            Plan::Nothing => Locks::Nothing,
            Plan::Slot(slot) => Locks::Slot(*slot),
            Plan::Ascending(slots) => Locks::Ascending(slots),
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
    if let Some(key) = command.single_key.map(usize::from).filter(|key| *key < args.len()) {
        return Ok(Plan::Slot(args.key(key).slot()));
    }
    if let (Some(run), Reach::Keys) = (command.plain_keys.and_then(|keys| keys.of(args.len())), &command.spec.reach) {
        return plan_run(args, run, cluster_enabled);
    }
    plan_many(command, args, database, databases, cluster_enabled)
}

/// As [`plan_many`], for keys whose positions need no search, all in the selected database: MGET, MSET, DEL …
fn plan_run(args: Args<'_>, run: KeyRun, cluster_enabled: bool) -> Result<Plan, Error> {
    let mut slots: SmallVec<[Slot; SLOTS_INLINE]> = match args.hashes_of(run) {
        Some(hashes) => hashes.iter().map(|hash| hash.slot()).collect(),
        None => run.positions().map(|index| args.key(index).slot()).collect(),
    };
    slots.sort_unstable();
    slots.dedup();
    match slots[..] {
        [slot] => Ok(Plan::Slot(slot)),
        _ if cluster_enabled => Err(Error::CrossSlot),
        _ => Ok(Plan::Ascending(slots)),
    }
}

/// For a request whose keys cannot be told all: the one of a fixed place is locked. PFMERGE without a source comes to
/// that, which COMMAND GETKEYS refuses and the command takes.
fn fixed_key(command: &Command, args: Args<'_>) -> Plan {
    let place = command.keys.iter().find_map(|key| match (key.spec.begin, key.spec.find) {
        (Begin::Index(place), Find::Range { last: 0, .. }) => usize::try_from(place).ok(),
        _ => None,
    });
    place.filter(|place| *place < args.len()).map_or(Plan::Nothing, |place| Plan::Slot(args.key(place).slot()))
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
    let Some(first) = slots.next() else { return Ok(fixed_key(command, args)) };
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
