//! Keyspace notifications: changes to keys as messages on channels, those that `notify-keyspace-events` names.

use super::pubsub::Space;
use super::{Config, Node};
use crate::store::{Change, Event, Key, Told};

/// Which changes are published, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Notifications {
    /// `K`: on the key's channel.
    by_key: bool,
    /// `E`: on the event's.
    by_event: bool,
    /// Bits of [`Event`]s.
    classes: u32,
}

impl Notifications {
    /// Reads the directive as it is kept: only valid letters.
    pub fn read(flags: &[u8]) -> Notifications {
        let mut read = Notifications::default();
        for flag in flags {
            let classes: &[Event] = match flag {
                b'K' => {
                    read.by_key = true;
                    &[]
                }
                b'E' => {
                    read.by_event = true;
                    &[]
                }
                b'A' => &[
                    Event::Generic,
                    Event::String,
                    Event::List,
                    Event::Set,
                    Event::Hash,
                    Event::SortedSet,
                    Event::Stream,
                    Event::Expired,
                    Event::Evicted,
                ],
                b'g' => &[Event::Generic],
                b'$' => &[Event::String],
                b'l' => &[Event::List],
                b's' => &[Event::Set],
                b'h' => &[Event::Hash],
                b'z' => &[Event::SortedSet],
                b't' => &[Event::Stream],
                b'x' => &[Event::Expired],
                b'e' => &[Event::Evicted],
                b'm' => &[Event::Miss],
                b'n' => &[Event::New],
                _ => &[],
            };
            read.classes |= classes.iter().fold(0, |bits, class| bits | 1 << *class as u32);
        }
        read
    }

    /// Is anything published?
    pub fn are_on(self) -> bool {
        (self.by_key || self.by_event) && self.classes != 0
    }

    /// Publishes a change if it is one of those.
    pub(super) fn publish(self, node: &Node, config: &Config, told: &Told) {
        if self.classes & 1 << told.class as u32 == 0 || told.name.is_empty() {
            return;
        }
        let unread_bytes_max = config.pubsub_unread_bytes_max;
        let channel = |kind: &str, name: &[u8]| [format!("__{kind}@{}__:", told.database).as_bytes(), name].concat();
        if self.by_key {
            let channel = channel("keyspace", &told.key);
            node.hub.publish(Space::Channels, &channel, told.name.as_bytes(), unread_bytes_max);
        }
        if self.by_event {
            let channel = channel("keyevent", told.name.as_bytes());
            node.hub.publish(Space::Channels, &channel, &told.key, unread_bytes_max);
        }
    }
}

impl Node {
    /// Tells those who care that a key went that no command removed.
    pub(crate) fn tell_removed(&self, config: &Config, database: usize, class: Event, name: &'static str, key: &[u8]) {
        let (key, hooks) = (Key::new(key), &self.keyspace.hooks);
        if hooks.concern(key.slot()) && hooks.tell(Change { database, class, name, key }) {
            let told = Told { database, class, name, key: key.bytes().into(), hash: key.hash() };
            config.notifications.publish(self, config, &told);
        }
    }

    /// Has changes told if the settings want them published.
    pub(crate) fn follow_changes(&self, config: &Config) {
        let on = config.notifications.are_on();
        self.interests.follow_all.store(on, std::sync::atomic::Ordering::Relaxed);
        self.keyspace.hooks.tell_all(on);
    }
}
