//! Consumer groups: how far a group has read, and which entries each of its consumers was given and has not
//! acknowledged.
//!
//! A pending entry stands in the group's map, with its consumer, and in that consumer's own: both are kept in step
//! here and nowhere else.

use super::id::Id;
use super::id_map::IdMap;

/// Names a consumer of a group while it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsumerRef(u32);

/// An entry that was given to a consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Who has it.
    pub consumer: ConsumerRef,
    /// How often it was delivered. What clients set beyond 32 bits is kept as the largest.
    pub deliveries: u32,
    /// When it was delivered last, unix ms.
    pub delivered_ms: i64,
}

/// A member of a group.
#[derive(Clone, Debug)]
pub struct Consumer {
    name: Box<[u8]>,
    /// When it last asked for entries, unix ms.
    pub seen_ms: i64,
    /// When it last was given any, unix ms; `None`: never.
    pub active_ms: Option<i64>,
    pending: IdMap<()>,
}

impl Consumer {
    /// Its name.
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// The entries it has, without what is known of them: see [`Group::pending`].
    pub fn pending(&self) -> &IdMap<()> {
        &self.pending
    }
}

/// A consumer group.
#[derive(Clone, Debug)]
pub struct Group {
    name: Box<[u8]>,
    /// The last entry it was given.
    pub last_id: Id,
    /// How many of the entries ever added it has passed; `None`: unknown.
    pub entries_read: Option<i64>,
    pending: IdMap<Pending>,
    /// By their number; a number is free when nothing is there.
    consumers: Vec<Option<Box<Consumer>>>,
    /// Numbers, in the order of the names.
    by_name: Vec<u32>,
}

impl Group {
    /// A group without consumers.
    pub fn new(name: &[u8], last_id: Id, entries_read: Option<i64>) -> Group {
        Group {
            name: name.into(),
            last_id,
            entries_read,
            pending: IdMap::default(),
            consumers: Vec::new(),
            by_name: Vec::new(),
        }
    }

    /// Its name.
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// The entries that were given to consumers and not acknowledged.
    pub fn pending(&self) -> &IdMap<Pending> {
        &self.pending
    }

    /// Number of consumers.
    pub fn consumer_count(&self) -> usize {
        self.by_name.len()
    }

    /// The consumers in the order of their names.
    pub fn consumers(&self) -> impl ExactSizeIterator<Item = &Consumer> {
        self.by_name.iter().map(|number| self.consumer(ConsumerRef(*number)))
    }

    /// A consumer.
    pub fn consumer(&self, consumer: ConsumerRef) -> &Consumer {
        self.consumers[consumer.0 as usize].as_deref().expect("a reference is dropped with its consumer")
    }

    /// The same to change.
    pub fn consumer_mut(&mut self, consumer: ConsumerRef) -> &mut Consumer {
        self.consumers[consumer.0 as usize].as_deref_mut().expect("a reference is dropped with its consumer")
    }

    fn place_of(&self, name: &[u8]) -> Result<usize, usize> {
        self.by_name.binary_search_by(|number| self.consumer(ConsumerRef(*number)).name().cmp(name))
    }

    /// The consumer of a name.
    pub fn find(&self, name: &[u8]) -> Option<ConsumerRef> {
        self.place_of(name).ok().map(|place| ConsumerRef(self.by_name[place]))
    }

    /// Adds a consumer that is seen now; `None` when there is one of this name. O(consumers).
    pub fn create(&mut self, name: &[u8], now_ms: i64) -> Option<ConsumerRef> {
        let place = self.place_of(name).err()?;
        let consumer =
            Box::new(Consumer { name: name.into(), seen_ms: now_ms, active_ms: None, pending: IdMap::default() });
        let hole = self.consumers.len() > self.by_name.len();
        let number = match hole.then(|| self.consumers.iter().position(Option::is_none)).flatten() {
            Some(number) => {
                self.consumers[number] = Some(consumer);
                number
            }
            None => {
                self.consumers.push(Some(consumer));
                self.consumers.len() - 1
            }
        };
        let number = u32::try_from(number).expect("a consumer takes more than a byte of the address space");
        self.by_name.insert(place, number);
        Some(ConsumerRef(number))
    }

    /// Removes a consumer with what it has pending; answers how much that was. O(pending entries of it).
    pub fn remove(&mut self, name: &[u8]) -> Option<usize> {
        let place = self.place_of(name).ok()?;
        let number = self.by_name.remove(place);
        let consumer = self.consumers[number as usize].take()?;
        while self.consumers.last().is_some_and(Option::is_none) {
            self.consumers.pop();
        }
        for (id, ()) in consumer.pending.iter() {
            self.pending.remove(id);
        }
        Some(consumer.pending.len())
    }

    /// What is known of a pending entry.
    pub fn get(&self, id: Id) -> Option<&Pending> {
        self.pending.get(id)
    }

    /// Makes an entry pending for `pending.consumer`, whoever had it.
    pub fn assign(&mut self, id: Id, pending: Pending) {
        let before = self.pending.insert(id, pending);
        if before.is_some_and(|before| before.consumer == pending.consumer) {
            return;
        }
        if let Some(before) = before {
            self.consumer_mut(before.consumer).pending.remove(id);
        }
        self.consumer_mut(pending.consumer).pending.insert(id, ());
    }

    /// Notes that a pending entry was read again.
    pub fn redeliver(&mut self, id: Id, now_ms: i64) {
        if let Some(pending) = self.pending.get_mut(id) {
            pending.delivered_ms = now_ms;
            pending.deliveries = pending.deliveries.saturating_add(1);
        }
    }

    /// Makes an entry no longer pending; false when it was not.
    pub fn acknowledge(&mut self, id: Id) -> bool {
        let Some(pending) = self.pending.remove(id) else { return false };
        self.consumer_mut(pending.consumer).pending.remove(id);
        true
    }

    /// Allocations it is made of, about.
    pub fn allocations(&self) -> usize {
        // The consumers' runs are as many again, or less.
        1 + self.consumers.len() + 2 * self.pending.run_count()
    }

    /// Bytes of memory it holds outside of itself. O(consumers and runs of pending entries).
    pub fn heap_bytes(&self) -> usize {
        let consumer = |consumer: &Consumer| {
            size_of::<Consumer>() + consumer.name.len() + consumer.pending.heap_bytes() + size_of::<u32>()
        };
        self.name.len()
            + self.pending.heap_bytes()
            + self.consumers.capacity() * size_of::<Option<Box<Consumer>>>()
            + self.consumers().map(consumer).sum::<usize>()
    }
}
