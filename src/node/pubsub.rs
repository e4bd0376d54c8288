//! Channels: who has subscribed to what, and how a message reaches them.
//!
//! A message is written once for each protocol version and put into the subscribers' mailboxes; who does not read is
//! closed at `client-output-buffer-limit pubsub`.

use super::clients::Client;
use crate::command::glob::Pattern;
use crate::resp::{Protocol, Reply};
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Where a client can subscribe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Space {
    /// SUBSCRIBE.
    Channels,
    /// PSUBSCRIBE.
    Patterns,
    /// SSUBSCRIBE.
    Shards,
}

impl Space {
    /// All.
    pub const ALL: [Space; 3] = [Space::Channels, Space::Patterns, Space::Shards];
}

/// Subscribers by client id.
type Subscribers = BTreeMap<u64, Arc<Client>>;

/// What one client has subscribed to.
#[derive(Debug, Default)]
pub struct Subscriptions([BTreeSet<Box<[u8]>>; 3]);

impl Subscriptions {
    /// Number of subscriptions in a space.
    pub fn count(&self, space: Space) -> usize {
        self.0[space as usize].len()
    }

    /// Their names.
    pub fn names(&self, space: Space) -> Vec<Box<[u8]>> {
        self.0[space as usize].iter().cloned().collect()
    }

    /// Number of all.
    pub fn total(&self) -> usize {
        self.0.iter().map(BTreeSet::len).sum()
    }
}

/// All subscriptions of a node.
#[derive(Default)]
pub struct Hub {
    spaces: [Mutex<HashMap<Box<[u8]>, Subscribers>>; 3],
    /// Clients with a subscription.
    clients: AtomicUsize,
}

impl Hub {
    /// Subscribes; false when the client had already.
    pub fn subscribe(&self, client: &Arc<Client>, space: Space, name: &[u8]) -> bool {
        let mut own = client.subscriptions.lock();
        let before = own.total();
        if !own.0[space as usize].insert(name.into()) {
            return false;
        }
        client.subscribed.store(true, Relaxed);
        if before == 0 {
            self.clients.fetch_add(1, Relaxed);
        }
        self.spaces[space as usize].lock().entry(name.into()).or_default().insert(client.id, client.clone());
        true
    }

    /// Ends a subscription; false when there was none.
    pub fn unsubscribe(&self, client: &Client, space: Space, name: &[u8]) -> bool {
        let mut own = client.subscriptions.lock();
        if !own.0[space as usize].remove(name) {
            return false;
        }
        if own.total() == 0 {
            client.subscribed.store(false, Relaxed);
            self.clients.fetch_sub(1, Relaxed);
        }
        let mut all = self.spaces[space as usize].lock();
        if let Some(subscribers) = all.get_mut(name) {
            subscribers.remove(&client.id);
            if subscribers.is_empty() {
                all.remove(name);
            }
        }
        true
    }

    /// Ends all subscriptions of a client that goes away.
    pub fn forget(&self, client: &Client) {
        for space in Space::ALL {
            let names = client.subscriptions.lock().names(space);
            names.iter().for_each(|name| {
                self.unsubscribe(client, space, name);
            });
        }
    }

    /// Number of clients with a subscription.
    pub fn clients(&self) -> usize {
        self.clients.load(Relaxed)
    }

    /// Number of names that somebody has subscribed to.
    pub fn count(&self, space: Space) -> usize {
        self.spaces[space as usize].lock().len()
    }

    /// Names that somebody has subscribed to, those that match a pattern.
    pub fn names(&self, space: Space, pattern: Option<&[u8]>) -> Vec<Box<[u8]>> {
        let fits = |name: &[u8]| pattern.is_none_or(|pattern| Pattern::new(pattern).matches(name));
        self.spaces[space as usize].lock().keys().filter(|name| fits(name)).cloned().collect()
    }

    /// Number of subscribers of a name.
    pub fn subscribers(&self, space: Space, name: &[u8]) -> usize {
        self.spaces[space as usize].lock().get(name).map_or(0, BTreeMap::len)
    }

    /// Sends a message; answers how many got it. `unread_bytes_max`: see [`Client::send`]. O(subscribers + patterns).
    pub fn publish(&self, space: Space, channel: &[u8], message: &[u8], unread_bytes_max: usize) -> usize {
        let mut sent = 0;
        let word: &[u8] = if space == Space::Shards { b"smessage" } else { b"message" };
        let found = self.spaces[space as usize].lock().get(channel).cloned();
        if let Some(subscribers) = found {
            sent += send(&subscribers, &[word, channel, message], unread_bytes_max);
        }
        if space == Space::Channels {
            let patterns = self.spaces[Space::Patterns as usize].lock();
            let matching: Vec<(Box<[u8]>, Subscribers)> = patterns
                .iter()
                .filter(|(pattern, _)| Pattern::new(pattern).matches(channel))
                .map(|(pattern, subscribers)| (pattern.clone(), subscribers.clone()))
                .collect();
            drop(patterns);
            for (pattern, subscribers) in &matching {
                sent += send(subscribers, &[b"pmessage", pattern, channel, message], unread_bytes_max);
            }
        }
        sent
    }
}

fn send(subscribers: &Subscribers, parts: &[&[u8]], unread_bytes_max: usize) -> usize {
    let written = |protocol| {
        let mut bytes = Vec::new();
        let mut reply = Reply::new(&mut bytes, protocol);
        reply.push(parts.len());
        parts.iter().for_each(|part| reply.bulk(part));
        bytes
    };
    let (resp2, resp3) = (written(Protocol::Resp2), written(Protocol::Resp3));
    for client in subscribers.values() {
        let bytes = if client.protocol() == Protocol::Resp3 { &resp3 } else { &resp2 };
        client.send(bytes, unread_bytes_max);
    }
    subscribers.len()
}
