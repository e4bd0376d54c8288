//! SCAN over all shards with a cursor that any proxy can continue.
//!
//! The cursor a client holds is `node cursor × 16,384 + slot`: the slot names the shard being walked by the lowest
//! slot it owns, the rest is that node's own cursor. Shards are walked in the order of their lowest slots. Nothing
//! is kept in the proxy, so the next call may reach another proxy, and a shard that changed hands in between is
//! found again by its slot. The start is 0 as ever: node cursor 0 of the owner of slot 0.
//!
//! Cursors stay below 2^63 as long as a node's stay below 2^49, and below 2^53 (exact in a double) as long as a node's
//! stay below 2^39; a longer one is an error.

use super::merge::{push_bulk, push_header};
use super::reply_scan::{aggregate, string, values};
use crate::slot::Slot;

/// Where a SCAN stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// A slot of the shard being walked.
    pub slot: Slot,
    /// Where that node's own SCAN stands.
    pub node_cursor: u64,
    /// The lowest slot of the shard to walk after this one; `None`: this is the last.
    pub next: Option<Slot>,
}

/// Bits of the slot at the low end of a cursor.
const SLOT_BITS: u32 = 14;

/// The slot and node cursor of a client's cursor; `None` when it is no number.
pub fn parse_cursor(cursor: &[u8]) -> Option<(Slot, u64)> {
    let number: u64 = std::str::from_utf8(cursor).ok()?.parse().ok()?;
    Some((Slot::from_low_bits(number), number >> SLOT_BITS))
}

/// The request for the node: the client's, with the node's own cursor. `args` are all arguments of the client's.
pub fn rewrite_request<'a>(position: &Position, args: impl ExactSizeIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    push_header(&mut out, b'*', args.len() as u64);
    for (index, arg) in args.enumerate() {
        if index == 1 {
            push_bulk(&mut out, itoa::Buffer::new().format(position.node_cursor).as_bytes());
        } else {
            push_bulk(&mut out, arg);
        }
    }
    out
}

/// Appends the node's reply with the proxy's cursor; `None` when it is no SCAN reply or its cursor is too long.
pub fn rewrite_reply(position: &Position, reply: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let (_, Some(2), body) = aggregate(reply)? else { return None };
    let cursor_reply = values(body).next()?;
    let node_cursor: u64 = std::str::from_utf8(string(cursor_reply)?).ok()?.parse().ok()?;
    let cursor = match (node_cursor, position.next) {
        (0, None) => 0,
        (0, Some(next)) => u64::from(next.number()),
        (node_cursor, _) if node_cursor >> (63 - SLOT_BITS) != 0 => return None,
        (node_cursor, _) => node_cursor << SLOT_BITS | u64::from(position.slot.number()),
    };
    push_header(out, b'*', 2);
    push_bulk(out, itoa::Buffer::new().format(cursor).as_bytes());
    out.extend_from_slice(&body[cursor_reply.len()..]);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(number: u64) -> Slot {
        Slot::new(number).unwrap()
    }

    #[test]
    fn a_cursor_leads_back_to_shard_and_node_cursor() {
        let position = Position { slot: slot(5461), node_cursor: 7, next: Some(slot(10_923)) };
        let mut out = Vec::new();
        rewrite_reply(&position, b"*2\r\n$3\r\n768\r\n*1\r\n$1\r\na\r\n", &mut out).unwrap();
        assert_eq!(out, format!("*2\r\n$8\r\n{}\r\n*1\r\n$1\r\na\r\n", (768 << 14) + 5461).as_bytes());
        assert_eq!(parse_cursor(b"12588373"), Some((slot(5461), 768)));
        assert_eq!(parse_cursor(b"0"), Some((slot(0), 0)));
        assert_eq!(parse_cursor(b"-1"), None);
        let request = rewrite_request(&position, [&b"scan"[..], b"12588373", b"COUNT", b"5"].into_iter());
        assert_eq!(request, b"*4\r\n$4\r\nscan\r\n$1\r\n7\r\n$5\r\nCOUNT\r\n$1\r\n5\r\n");
    }

    #[test]
    fn a_finished_shard_leads_to_the_next_and_the_last_to_zero() {
        let end = b"*2\r\n$1\r\n0\r\n*0\r\n";
        let mut out = Vec::new();
        rewrite_reply(&Position { slot: slot(0), node_cursor: 3, next: Some(slot(5461)) }, end, &mut out).unwrap();
        assert_eq!(out, b"*2\r\n$4\r\n5461\r\n*0\r\n");
        out.clear();
        rewrite_reply(&Position { slot: slot(9), node_cursor: 3, next: None }, end, &mut out).unwrap();
        assert_eq!(out, end);
    }

    #[test]
    fn a_node_cursor_past_the_bound_is_refused() {
        let position = Position { slot: slot(1), node_cursor: 0, next: None };
        let reply = |cursor: u64| format!("*2\r\n${}\r\n{cursor}\r\n*0\r\n", cursor.to_string().len()).into_bytes();
        assert!(rewrite_reply(&position, &reply((1 << 49) - 1), &mut Vec::new()).is_some());
        assert!(rewrite_reply(&position, &reply(1 << 49), &mut Vec::new()).is_none());
        assert!(rewrite_reply(&position, b"+OK\r\n", &mut Vec::new()).is_none());
    }
}
