//! Trimming: taking entries from the front until a length or an id is reached.

use super::Stream;
use super::id::Id;

/// What is to be left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threshold {
    /// At most this many entries.
    Length(usize),
    /// No entry before this id.
    Id(Id),
}

/// What becomes of entries that groups still refer to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum References {
    /// They go; what is pending stays pending.
    #[default]
    Keep,
    /// They go, and are no longer pending anywhere.
    Delete,
    /// They stay: only entries that all groups have read and acknowledged go.
    OnlyAcknowledged,
}

/// How a stream is to be trimmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trim {
    /// Down to where.
    pub threshold: Threshold,
    /// Only whole nodes go: more may be left.
    pub approximate: bool,
    /// Entries that may go at most; 0: any number.
    pub limit: usize,
    /// What else decides.
    pub references: References,
}

/// What becomes of a node.
enum Verdict {
    /// It goes as a whole.
    Remove,
    /// Some of its entries may go.
    Thin,
}

impl Stream {
    /// Trims it; answers how many entries went. O(their number), but a node that goes as a whole costs as much as one
    /// entry when no group has to be asked or told.
    pub fn trim(&mut self, trim: &Trim) -> usize {
        let mut removed = 0;
        let mut place = 0;
        while place < self.nodes.len() {
            if matches!(trim.threshold, Threshold::Length(len_max) if self.len <= len_max) {
                break;
            }
            let live = self.nodes[place].live();
            if trim.limit > 0 && removed + live > trim.limit {
                break;
            }
            match self.verdict(trim, place) {
                Verdict::Remove => {
                    self.forget_pending(trim, place);
                    self.nodes.remove(place);
                    self.len -= live;
                    removed += live;
                }
                Verdict::Thin if trim.approximate => break,
                Verdict::Thin => {
                    removed += self.thin(trim, place);
                    if trim.references != References::OnlyAcknowledged {
                        break;
                    }
                    place += 1;
                }
            }
        }
        if self.nodes.len() * 4 <= self.nodes.capacity() {
            self.nodes.shrink_to(self.nodes.len() * 2);
        }
        removed
    }

    fn verdict(&self, trim: &Trim, place: usize) -> Verdict {
        let node = &self.nodes[place];
        let whole = match trim.threshold {
            Threshold::Length(len_max) => self.len - node.live() >= len_max,
            Threshold::Id(id) => node.last() < id,
        };
        let kept = || node.ascending().any(|entry| self.is_referenced(entry.id));
        if whole && (trim.references != References::OnlyAcknowledged || !kept()) {
            Verdict::Remove
        } else {
            Verdict::Thin
        }
    }

    fn forget_pending(&mut self, trim: &Trim, place: usize) {
        if trim.references == References::Delete && !self.groups.is_empty() {
            let ids: Vec<Id> = self.nodes[place].ascending().map(|entry| entry.id).collect();
            self.forget(&ids);
        }
    }

    fn forget(&mut self, ids: &[Id]) {
        for id in ids {
            self.acknowledge_everywhere(*id);
        }
    }

    /// Deletes single entries of a node; answers how many.
    fn thin(&mut self, trim: &Trim, place: usize) -> usize {
        let mut surplus = match trim.threshold {
            Threshold::Length(len_max) => self.len - len_max,
            Threshold::Id(_) => usize::MAX,
        };
        let groups = &self.groups;
        let referenced = |id| groups.iter().any(|group| id > group.last_id || group.get(id).is_some());
        let mut gone = Vec::new();
        let chosen = |id| {
            if surplus == 0 || matches!(trim.threshold, Threshold::Id(min) if id >= min) {
                return None;
            }
            let goes = trim.references != References::OnlyAcknowledged || !referenced(id);
            surplus -= usize::from(goes);
            Some(goes)
        };
        let removed = self.nodes[place].delete_while(chosen, |id| gone.push(id));
        self.len -= removed;
        if trim.references == References::Delete {
            self.forget(&gone);
        }
        removed
    }
}
