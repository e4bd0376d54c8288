//! SCAN over all shards with a cursor that any proxy can continue.
//!
//! The cursor a client holds is `node cursor × 1,024 + shard`: the shard being walked by its place among the shards in
//! the order of their lowest slots, the rest is that node's own cursor. Nothing is kept in the proxy, so the next
//! call may reach another proxy. The start is 0 as ever: node cursor 0 of the first shard. When the number of
//! shards changes during a walk, places shift: as with any client that walks node by node, keys that move
//! meanwhile may be seen twice or not at all.
//!
//! Cursors stay below 2^63, as a node's must stay below 2^53 (one that does not is an error). They are exact in a
//! double (below 2^53) as long as a node's stay below 2^43, which those of the reference do.

use super::merge::{push_bulk, push_header};
use super::reply_scan::{aggregate, string, values};

/// Where a SCAN stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The shard being walked, below [`SHARDS_MAX`].
    pub shard: usize,
    /// Where that node's own SCAN stands.
    pub node_cursor: u64,
    /// No shard comes after this one.
    pub last: bool,
}

/// Bits of the shard at the low end of a cursor.
const SHARD_BITS: u32 = 10;

/// Most shards that a cursor can tell apart.
pub const SHARDS_MAX: usize = 1 << SHARD_BITS;

/// The reply that ends a walk.
pub const END: &[u8] = b"*2\r\n$1\r\n0\r\n*0\r\n";

/// The shard and node cursor of a client's cursor; `None` when it is no number.
pub fn parse_cursor(cursor: &[u8]) -> Option<(usize, u64)> {
    let number: u64 = std::str::from_utf8(cursor).ok()?.parse().ok()?;
    Some((number as usize & (SHARDS_MAX - 1), number >> SHARD_BITS))
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
    let cursor = match node_cursor {
        0 if position.last => 0,
        0 => position.shard as u64 + 1,
        _ if node_cursor >> (63 - SHARD_BITS) != 0 => return None,
        _ => node_cursor << SHARD_BITS | position.shard as u64,
    };
    push_header(out, b'*', 2);
    push_bulk(out, itoa::Buffer::new().format(cursor).as_bytes());
    out.extend_from_slice(&body[cursor_reply.len()..]);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_back_to_shard_and_node_cursor() {
        let position = Position { shard: 5, node_cursor: 7, last: false };
        let mut out = Vec::new();
        rewrite_reply(&position, b"*2\r\n$3\r\n768\r\n*1\r\n$1\r\na\r\n", &mut out).unwrap();
        assert_eq!(out, format!("*2\r\n$6\r\n{}\r\n*1\r\n$1\r\na\r\n", (768 << 10) + 5).as_bytes());
        assert_eq!(parse_cursor(b"786437"), Some((5, 768)));
        assert_eq!(parse_cursor(b"0"), Some((0, 0)));
        assert_eq!(parse_cursor(b"-1"), None);
        let request = rewrite_request(&position, [&b"scan"[..], b"786437", b"COUNT", b"5"].into_iter());
        assert_eq!(request, b"*4\r\n$4\r\nscan\r\n$1\r\n7\r\n$5\r\nCOUNT\r\n$1\r\n5\r\n");
    }

    #[test]
    fn a_finished_shard_leads_to_the_next_and_the_last_to_zero() {
        let mut out = Vec::new();
        rewrite_reply(&Position { shard: 0, node_cursor: 3, last: false }, END, &mut out).unwrap();
        assert_eq!(out, b"*2\r\n$1\r\n1\r\n*0\r\n");
        out.clear();
        rewrite_reply(&Position { shard: 9, node_cursor: 3, last: true }, END, &mut out).unwrap();
        assert_eq!(out, END);
    }

    #[test]
    fn a_node_cursor_past_the_bound_is_refused() {
        let position = Position { shard: 1, node_cursor: 0, last: true };
        let reply = |cursor: u64| format!("*2\r\n${}\r\n{cursor}\r\n*0\r\n", cursor.to_string().len()).into_bytes();
        assert!(rewrite_reply(&position, &reply((1 << 53) - 1), &mut Vec::new()).is_some());
        assert!(rewrite_reply(&position, &reply(1 << 53), &mut Vec::new()).is_none());
        assert!(rewrite_reply(&position, b"+OK\r\n", &mut Vec::new()).is_none());
    }
}
