//! What may be sent again: the one place that decides it, for redirects, refusals and lost links.
//!
//! Pure. The promise it keeps: a request that a node may have executed is sent again only when it changes nothing.
//! A redirect, TRYAGAIN or CLUSTERDOWN is a node's word that it has *not* executed the request, so these are
//! followed for writes too; a link that was lost says nothing.

use super::topology::NodeAddr;
use crate::slot::Slot;
use std::time::Duration;

/// Most MOVED and ASK redirects followed at once for one request. More of them mean that nodes disagree for a moment
/// about an owner that just changed and send the request to and fro: from then on it waits before each.
pub const HOPS_MAX: u8 = 5;

/// Most times a request waits and is sent again, for TRYAGAIN, CLUSTERDOWN or LOADING or after too many redirects; with [`pause`] between them about 1.5 s.
pub const PATIENCE_MAX: u8 = 8;

/// Most times a read is sent again after its link was lost.
pub const LOSSES_MAX: u8 = 1;

/// How often one request has been sent again, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attempts {
    /// MOVED and ASK followed.
    pub hops: u8,
    /// Waits for TRYAGAIN, CLUSTERDOWN, LOADING.
    pub waits: u8,
    /// Links lost under it.
    pub losses: u8,
}

/// A node's error reply that says it did not execute the request, and what would help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The slot has another owner.
    Moved {
        /// The slot that moved.
        slot: Slot,
        /// Its owner; `None`: on the host that answered, at this port.
        owner: Target,
    },
    /// This one request belongs to the importing node, after ASKING.
    Ask(Target),
    /// Keys of the request are on both sides of a migration.
    TryAgain,
    /// The cluster does not serve the slot now.
    ClusterDown,
}

/// Where a redirect points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// At a node.
    Node(NodeAddr),
    /// At the host that answered, at another port (the host part was empty).
    SameHost(u16),
}

impl Target {
    /// The node meant, when `answering` sent the redirect.
    pub fn resolve(self, answering: &NodeAddr) -> NodeAddr {
        match self {
            Target::Node(addr) => addr,
            Target::SameHost(port) => NodeAddr::new(answering.host(), port),
        }
    }
}

/// Reads a reply as a [`Refusal`]; `None` for every other reply. O(1) unless it is one.
#[inline]
pub fn refusal(reply: &[u8]) -> Option<Refusal> {
    if reply.first() != Some(&b'-') { None } else { read_refusal(reply) }
}

#[cold]
fn read_refusal(reply: &[u8]) -> Option<Refusal> {
    let line = std::str::from_utf8(reply.get(1..reply.len().checked_sub(2)?)?).ok()?;
    let mut words = line.split(' ');
    match words.next()? {
        "MOVED" => {
            let slot = Slot::new(words.next()?.parse().ok()?)?;
            Some(Refusal::Moved { slot, owner: target(words.next()?)? })
        }
        "ASK" => {
            words.next()?;
            Some(Refusal::Ask(target(words.next()?)?))
        }
        "TRYAGAIN" => Some(Refusal::TryAgain),
        "CLUSTERDOWN" => Some(Refusal::ClusterDown),
        _ => None,
    }
}

fn target(text: &str) -> Option<Target> {
    let (host, port) = text.rsplit_once(':')?;
    let port = port.parse().ok()?;
    Some(if host.is_empty() || host == "?" { Target::SameHost(port) } else { Target::Node(NodeAddr::new(host, port)) })
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The client gets the node's reply as it is.
    Deliver,
    /// Send it to the owner of its slot as the map has it by now (a MOVED has been entered there).
    Resend,
    /// Send ASKING and then the request to this node.
    Ask(Target),
    /// Wait, then send it to the owner of its slot.
    Later(Duration),
    /// The client gets an error of the proxy.
    Fail,
}

/// What to do with a request that was refused; counts the attempt. `routed` is false for requests that
/// belong to a node and not to a slot (parts of DBSIZE, SCAN …): these are never sent elsewhere.
pub fn after_refusal(refusal: &Refusal, routed: bool, attempts: &mut Attempts) -> Verdict {
    if !routed {
        return Verdict::Deliver;
    }
    match refusal {
        Refusal::Moved { .. } | Refusal::Ask(_) if attempts.hops >= HOPS_MAX => wait_or_deliver(attempts),
        Refusal::Moved { .. } => {
            attempts.hops += 1;
            Verdict::Resend
        }
        Refusal::Ask(target) => {
            attempts.hops += 1;
            Verdict::Ask(target.clone())
        }
        Refusal::TryAgain | Refusal::ClusterDown => wait_or_deliver(attempts),
    }
}

fn wait_or_deliver(attempts: &mut Attempts) -> Verdict {
    if attempts.waits >= PATIENCE_MAX {
        return Verdict::Deliver;
    }
    attempts.waits += 1;
    Verdict::Later(pause(attempts.waits))
}

/// The pause before the `wait`-th repetition (from 1): 10 ms, doubling up to 320 ms.
pub fn pause(wait: u8) -> Duration {
    Duration::from_millis(10 << wait.saturating_sub(1).min(5))
}

/// How far a request had come when its link was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// No byte of it had been written.
    No,
    /// Some of it had been written: it may have been executed.
    Maybe,
}

/// What to do with a request whose link was lost; counts the attempt.
pub fn after_loss(sent: Sent, read_only: bool, attempts: &mut Attempts) -> Verdict {
    if attempts.losses >= LOSSES_MAX || (sent == Sent::Maybe && !read_only) {
        return Verdict::Fail;
    }
    attempts.losses += 1;
    Verdict::Resend
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(host: &str, port: u16) -> Target {
        Target::Node(NodeAddr::new(host, port))
    }

    #[test]
    fn redirects_are_read_with_every_form_of_address() {
        let slot = Slot::new(3999).unwrap();
        for (reply, expected) in [
            (&b"-MOVED 3999 127.0.0.1:6381\r\n"[..], Some(Refusal::Moved { slot, owner: node("127.0.0.1", 6381) })),
            (b"-MOVED 3999 ::1:6381\r\n", Some(Refusal::Moved { slot, owner: node("::1", 6381) })),
            (b"-MOVED 3999 :6381\r\n", Some(Refusal::Moved { slot, owner: Target::SameHost(6381) })),
            (b"-ASK 3999 node-b.example:6381\r\n", Some(Refusal::Ask(node("node-b.example", 6381)))),
            (b"-TRYAGAIN Multiple keys request during rehashing of slot\r\n", Some(Refusal::TryAgain)),
            (b"-CLUSTERDOWN The cluster is down\r\n", Some(Refusal::ClusterDown)),
            (b"-MOVED 16384 127.0.0.1:1\r\n", None),
            (b"-MOVED\r\n", None),
            (b"-ERR no\r\n", None),
            (b"-\r\n", None),
            (b"+MOVED 3999 127.0.0.1:6381\r\n", None),
        ] {
            assert_eq!(refusal(reply), expected, "{}", reply.escape_ascii());
        }
        assert_eq!(Target::SameHost(7).resolve(&NodeAddr::new("10.0.0.1", 1)), NodeAddr::new("10.0.0.1", 7));
    }

    #[test]
    fn redirects_are_followed_at_once_then_with_pauses_then_no_more() {
        let moved = refusal(b"-MOVED 1 a:1\r\n").unwrap();
        let mut attempts = Attempts::default();
        for _ in 0..HOPS_MAX {
            assert_eq!(after_refusal(&moved, true, &mut attempts), Verdict::Resend);
        }
        for wait in 1..=PATIENCE_MAX {
            assert_eq!(after_refusal(&moved, true, &mut attempts), Verdict::Later(pause(wait)));
        }
        assert_eq!(after_refusal(&moved, true, &mut attempts), Verdict::Deliver);
        let mut attempts = Attempts::default();
        let mut waited = Duration::ZERO;
        while let Verdict::Later(pause) = after_refusal(&Refusal::TryAgain, true, &mut attempts) {
            waited += pause;
        }
        assert!(waited > Duration::from_millis(500) && waited < Duration::from_secs(3), "{waited:?}");
        assert_eq!(after_refusal(&moved, false, &mut Attempts::default()), Verdict::Deliver);
    }

    #[test]
    fn a_write_that_may_have_run_is_never_sent_twice() {
        assert_eq!(after_loss(Sent::Maybe, false, &mut Attempts::default()), Verdict::Fail);
        for (sent, read_only) in [(Sent::No, false), (Sent::No, true), (Sent::Maybe, true)] {
            let mut attempts = Attempts::default();
            assert_eq!(after_loss(sent, read_only, &mut attempts), Verdict::Resend);
            assert_eq!(after_loss(sent, read_only, &mut attempts), Verdict::Fail);
        }
    }
}
