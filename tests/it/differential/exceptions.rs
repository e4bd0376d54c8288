//! What slotwise answers differently from the reference on purpose, each with its reason.
//!
//! What the sequences never contain, since the two differ there by nature: more than 1,048,576 arguments (7.0.15 takes
//! 2^31 - 1, slotwise answers the bound's error), a zero byte inside an inline request (7.0.15 waits for ever, slotwise
//! ends the request there), a sorted set left unpacked by SORT (the generator packs it again), a RETRYCOUNT of XCLAIM
//! beyond 32 bits (slotwise keeps the largest number of 32 bits then), and CONFIG GET patterns that name settings of 7.2.
//!
//! The reference is 7.0.15; slotwise announces 7.2.4 and takes options of later versions (compatibility list: 7.2, 7.4, 8.x).

use super::wire::{Reply, Request};

/// One kept difference.
struct Exception {
    /// The command's name, in capitals; `Z*` stands for all that begin so.
    name: &'static str,
    /// Which of its requests; the arguments are in capitals.
    applies: fn(&[Vec<u8>], &Reply, &Reply) -> bool,
    /// Why it is kept.
    #[allow(dead_code, reason = "for the reader of the list")]
    reason: &'static str,
}

const EXCEPTIONS: &[Exception] = &[
    Exception {
        name: "ZRANK",
        applies: |args, _, _| args.len() > 3,
        reason: "7.2 takes WITHSCORE: the arity differs, so other arguments are syntax errors",
    },
    Exception {
        name: "ZREVRANK",
        applies: |args, _, _| args.len() > 3,
        reason: "7.2 takes WITHSCORE: the arity differs, so other arguments are syntax errors",
    },
    Exception {
        name: "Z*",
        applies: |_, left, right| without_sign_of_zero(left) == without_sign_of_zero(right),
        reason: "a score of minus zero loses its sign in a listpack: with ZRANGESTORE it depends on which element, in \
                 which order, made the reference convert its half-built result",
    },
    Exception {
        name: "ZSCAN",
        applies: |_, left, right| page_without_sign_of_zero(left) == page_without_sign_of_zero(right),
        reason: "the same, in a reply without order",
    },
    Exception {
        name: "XREAD",
        applies: |args, _, _| args.iter().any(|arg| arg == b"+"),
        reason: "7.4 takes + for the last entry",
    },
];

/// The member and score pairs of a scan's page in one order, but for the sign of zeros.
fn page_without_sign_of_zero(reply: &Reply) -> Vec<Vec<Reply>> {
    let page = reply.items().get(1).map(without_sign_of_zero);
    let mut pairs: Vec<Vec<Reply>> = page.iter().flat_map(|page| page.items().chunks(2).map(<[_]>::to_vec)).collect();
    pairs.sort();
    pairs
}

/// The reply as it is, but for the sign of zeros.
fn without_sign_of_zero(reply: &Reply) -> Reply {
    match reply {
        Reply::Many(tag, items) => Reply::Many(*tag, items.iter().map(without_sign_of_zero).collect()),
        Reply::Bulk(tag, text) if text == b"-0" => Reply::Bulk(*tag, b"0".to_vec()),
        Reply::Line(b',', text) if text == b"-0" => Reply::Line(b',', b"0".to_vec()),
        other => other.clone(),
    }
}

/// Whether a difference is a kept one.
pub fn covers(request: &Request, left: &Reply, right: &Reply) -> bool {
    let upper: Vec<Vec<u8>> = request.iter().map(|arg| arg.to_ascii_uppercase()).collect();
    let Some(name) = upper.first() else { return false };
    EXCEPTIONS.iter().any(|exception| {
        let named = match exception.name.strip_suffix('*') {
            Some(start) => name.starts_with(start.as_bytes()),
            None => name == exception.name.as_bytes(),
        };
        named && (exception.applies)(&upper, left, right)
    })
}

#[test]
fn only_the_sign_of_zero_is_kept() {
    let scores =
        |score: &[u8]| Reply::Many(b'*', vec![Reply::Bulk(b'$', b"a".to_vec()), Reply::Bulk(b'$', score.to_vec())]);
    let request = vec![b"ZRANGE".to_vec()];
    assert!(covers(&request, &scores(b"-0"), &scores(b"0")));
    assert!(!covers(&request, &scores(b"-0"), &scores(b"1")));
    assert!(!covers(&request, &Reply::Bulk(b'$', b"5".to_vec()), &Reply::Line(b',', b"5".to_vec())));
}
