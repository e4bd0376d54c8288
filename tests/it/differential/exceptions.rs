//! What slotwise answers differently from the reference on purpose, each with its reason.
//!
//! The reference is 7.0.15; slotwise announces 7.2.4 and takes options of later versions (compatibility list: 7.2, 7.4, 8.x).

use super::wire::{Reply, Request};

/// One kept difference.
struct Exception {
    /// The command's name, in capitals.
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
];

/// Whether a difference is a kept one.
pub fn covers(request: &Request, left: &Reply, right: &Reply) -> bool {
    let upper: Vec<Vec<u8>> = request.iter().map(|arg| arg.to_ascii_uppercase()).collect();
    EXCEPTIONS.iter().any(|exception| {
        upper.first().is_some_and(|n| n == exception.name.as_bytes()) && (exception.applies)(&upper, left, right)
    })
}
