//! The cluster as a node sees it: members and the owner of every slot, immutable and shared.

use crate::slot::{Slot, SlotRange};
use arc_swap::ArcSwap;
use std::fmt;
use std::sync::Arc;

/// A member's name for life: 40 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId([u8; 20]);

impl NodeId {
    /// A random one.
    pub fn random() -> NodeId {
        NodeId(std::array::from_fn(|_| fastrand::u8(..)))
    }

    /// The id these 40 hexadecimal digits spell.
    pub fn parse(text: &[u8]) -> Option<NodeId> {
        if text.len() != 40 {
            return None;
        }
        let mut id = [0; 20];
        for (byte, pair) in id.iter_mut().zip(text.chunks_exact(2)) {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            *byte = (digit(pair[0])? << 4 | digit(pair[1])?) as u8;
        }
        Some(NodeId(id))
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One node of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub id: NodeId,
    /// The shard it belongs to, as CLUSTER MYSHARDID tells it.
    pub shard_id: NodeId,
    /// IP address it announces; empty while a node alone does not know how clients reach it.
    pub host: String,
    /// Client port.
    pub port: u16,
    /// Cluster bus port.
    pub bus_port: u16,
    /// Host name it announces, or empty.
    pub hostname: String,
}

/// Index of a slot's owner that means nobody.
const NOBODY: u16 = u16::MAX;

/// Members and slots at one epoch.
#[derive(Clone)]
pub struct ClusterView {
    /// Grows with every change.
    pub epoch: u64,
    members: Vec<Member>,
    /// By slot: index of its owner among `members`, or [`NOBODY`].
    owners: Box<[u16; Slot::COUNT]>,
    /// Number of slots that have an owner.
    assigned: usize,
}

impl ClusterView {
    /// A cluster of these members, none of which owns a slot.
    pub fn new(members: Vec<Member>) -> ClusterView {
        assert!(members.len() < usize::from(NOBODY), "a cluster has fewer than 65,535 members");
        ClusterView { epoch: 0, members, owners: Box::new([NOBODY; Slot::COUNT]), assigned: 0 }
    }

    /// A cluster whose slots are laid out evenly over its members, in order.
    pub fn evenly(members: Vec<Member>) -> ClusterView {
        let mut view = ClusterView::new(members);
        for (index, range) in SlotRange::split_evenly(view.members.len()).into_iter().enumerate() {
            for slot in range.slots() {
                view.owners[slot.index()] = index as u16;
            }
        }
        view.assigned = Slot::COUNT;
        view.epoch = 1;
        view
    }

    /// All members.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// A member by its name.
    pub fn member(&self, id: NodeId) -> Option<&Member> {
        self.members.iter().find(|member| member.id == id)
    }

    /// Changes what is known of a member.
    pub fn member_mut(&mut self, id: NodeId) -> Option<&mut Member> {
        self.members.iter_mut().find(|member| member.id == id)
    }

    /// Who owns a slot.
    #[inline]
    pub fn owner(&self, slot: Slot) -> Option<&Member> {
        self.members.get(usize::from(self.owners[slot.index()]))
    }

    /// Whether `id` owns a slot: the question the data path asks under the slot's lock.
    #[inline]
    pub fn owns(&self, id: NodeId, slot: Slot) -> bool {
        self.owner(slot).is_some_and(|owner| owner.id == id)
    }

    /// True when every slot has an owner.
    #[inline]
    pub fn covers_all_slots(&self) -> bool {
        self.assigned == Slot::COUNT
    }

    /// Gives a slot to a member, or to nobody. False when there is no such member.
    pub fn assign(&mut self, slot: Slot, owner: Option<NodeId>) -> bool {
        let index = match owner {
            None => NOBODY,
            Some(id) => match self.members.iter().position(|member| member.id == id) {
                Some(index) => index as u16,
                None => return false,
            },
        };
        let before = std::mem::replace(&mut self.owners[slot.index()], index);
        self.assigned = self.assigned + usize::from(index != NOBODY) - usize::from(before != NOBODY);
        true
    }

    /// The runs of slots a member owns, ascending.
    pub fn ranges_of(&self, id: NodeId) -> Vec<SlotRange> {
        let Some(index) = self.members.iter().position(|member| member.id == id) else { return Vec::new() };
        crate::slot::runs(Slot::all().filter(|slot| self.owners[slot.index()] == index as u16))
    }

    /// Number of slots that have an owner.
    pub fn assigned(&self) -> usize {
        self.assigned
    }
}

/// Where the current view is published; clones share it.
#[derive(Clone)]
pub struct ViewCell(Arc<ArcSwap<ClusterView>>);

impl ViewCell {
    /// A cell that holds `view`.
    pub fn new(view: ClusterView) -> ViewCell {
        ViewCell(Arc::new(ArcSwap::from_pointee(view)))
    }

    /// The current view.
    pub fn load(&self) -> Arc<ClusterView> {
        self.0.load_full()
    }

    /// A reader that costs one comparison while the view does not change.
    pub fn reader(&self) -> arc_swap::Cache<Arc<ArcSwap<ClusterView>>, Arc<ClusterView>> {
        arc_swap::Cache::new(self.0.clone())
    }

    /// Publishes what `change` makes of the current view, with the next epoch; an error leaves it as it was.
    /// Changes are applied one after another, whoever makes them.
    pub fn update<E>(&self, mut change: impl FnMut(&mut ClusterView) -> Result<(), E>) -> Result<(), E> {
        loop {
            let current = self.0.load_full();
            let mut next = ClusterView::clone(&current);
            change(&mut next)?;
            next.epoch += 1;
            let before = self.0.compare_and_swap(&current, Arc::new(next));
            if Arc::ptr_eq(&before, &current) {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(port: u16) -> Member {
        let id = NodeId::random();
        Member { id, shard_id: id, host: "127.0.0.1".into(), port, bus_port: port + 10_000, hostname: String::new() }
    }

    #[test]
    fn ids_are_read_back_from_their_forty_digits() {
        let id = NodeId::random();
        assert_eq!(NodeId::parse(id.to_string().as_bytes()), Some(id));
        assert_eq!(NodeId::parse(b"xyz"), None);
    }

    #[test]
    fn an_even_view_gives_every_slot_an_owner() {
        let view = ClusterView::evenly(vec![member(1), member(2), member(3)]);
        assert!(view.covers_all_slots());
        assert_eq!(view.owner(Slot::LAST).unwrap().port, 3);
        assert_eq!(view.ranges_of(view.members()[0].id), [SlotRange::split_evenly(3)[0]]);
    }

    #[test]
    fn a_failed_change_publishes_nothing() {
        let cell = ViewCell::new(ClusterView::new(vec![member(1)]));
        let id = cell.load().members()[0].id;
        assert_eq!(cell.update(|view| view.assign(Slot::LAST, Some(id)).then_some(()).ok_or("none")), Ok(()));
        assert_eq!(cell.update(|_| Err("no")), Err("no"));
        assert_eq!((cell.load().assigned(), cell.load().epoch), (1, 1));
    }
}
