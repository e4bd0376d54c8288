//! One reply out of many: the answers to the parts of a split request, merged by the command's response policy.
//!
//! Pure, and the same for RESP2 and RESP3: elements are copied as the bytes they are. An error among the parts
//! is the merged reply (the first one), except where the policy says that one success is enough.

use super::reply_scan::{aggregate, integer, values};

/// How the replies to the parts become one. The names are those of the reference's response policies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Merge {
    /// Every part must succeed; the first one's reply stands for all (MSET, FLUSHALL).
    AllSucceeded,
    /// One success is enough.
    OneSucceeded,
    /// Integers, or arrays of them by position: added.
    Sum,
    /// Integers, or arrays of them by position: the least.
    Min,
    /// Integers, or arrays of them by position: the greatest.
    Max,
    /// Integers, or arrays of them by position: 1 where all are non-zero.
    And,
    /// Integers, or arrays of them by position: 1 where any is non-zero.
    Or,
    /// Arrays (sets, maps) one behind the other (KEYS).
    Concat,
    /// Arrays whose elements are dealt out in the order of the request: for each element of the merged array,
    /// the part that holds it next (MGET).
    InKeyOrder(Vec<u32>),
    /// Any part's reply that is no null, the one at this share of them (RANDOMKEY); a null when all are.
    AnyOf(u32),
    /// The only part is a node's SCAN reply, its cursor is to be replaced by the proxy's.
    Scan(super::scan::Position),
}

/// The reply for parts that do not go together: one of them is no such reply as the command has.
const MISMATCH: &[u8] = b"-ERR the nodes' replies to the parts of this command cannot be merged\r\n";

/// Appends the merged reply of `parts` (complete replies, at least one) to `out`.
///
/// O(bytes of the parts).
pub fn merge(policy: &Merge, parts: &[Vec<u8>], out: &mut Vec<u8>) {
    let error = parts.iter().find(|part| is_error(part));
    match (policy, error) {
        (Merge::OneSucceeded, _) => match parts.iter().find(|part| !is_error(part)).or(error) {
            Some(reply) => out.extend_from_slice(reply),
            None => out.extend_from_slice(MISMATCH),
        },
        (_, Some(error)) => out.extend_from_slice(error),
        (_, None) => {
            let mark = out.len();
            if succeed(policy, parts, out).is_none() {
                out.truncate(mark);
                out.extend_from_slice(MISMATCH);
            }
        }
    }
}

/// An error of RESP2 or RESP3.
fn is_error(reply: &[u8]) -> bool {
    matches!(reply.first(), Some(b'-' | b'!'))
}

fn is_null(reply: &[u8]) -> bool {
    matches!(reply, b"$-1\r\n" | b"*-1\r\n" | b"_\r\n")
}

/// Merges parts without an error among them; `None` when they do not go together.
fn succeed(policy: &Merge, parts: &[Vec<u8>], out: &mut Vec<u8>) -> Option<()> {
    let first = parts.first()?;
    match policy {
        Merge::AllSucceeded | Merge::OneSucceeded => out.extend_from_slice(first),
        Merge::Sum => fold(parts, out, |a, b| a.checked_add(b))?,
        Merge::Min => fold(parts, out, |a, b| Some(a.min(b)))?,
        Merge::Max => fold(parts, out, |a, b| Some(a.max(b)))?,
        Merge::And => fold(parts, out, |a, b| Some(i64::from(a != 0 && b != 0)))?,
        Merge::Or => fold(parts, out, |a, b| Some(i64::from(a != 0 || b != 0)))?,
        Merge::Concat => concat(parts, out)?,
        Merge::InKeyOrder(order) => deal(order, parts, out)?,
        Merge::AnyOf(share) => {
            let found = parts.iter().filter(|part| !is_null(part)).count() as u32;
            let chosen = if found == 0 { None } else { Some((share % found) as usize) };
            let reply = chosen.and_then(|nth| parts.iter().filter(|part| !is_null(part)).nth(nth));
            out.extend_from_slice(reply.unwrap_or(first));
        }
        Merge::Scan(position) => super::scan::rewrite_reply(position, first, out)?,
    }
    Some(())
}

/// Folds integers, or arrays of integers position by position.
fn fold(parts: &[Vec<u8>], out: &mut Vec<u8>, join: impl Fn(i64, i64) -> Option<i64>) -> Option<()> {
    if integer(&parts[0]).is_some() {
        let mut numbers = parts.iter().map(|part| integer(part));
        let mut merged = numbers.next()??;
        for number in numbers {
            merged = join(merged, number?)?;
        }
        push_integer(out, merged);
        return Some(());
    }
    let mut merged: Vec<i64> = integers(&parts[0])?;
    for part in &parts[1..] {
        let numbers = integers(part)?;
        if numbers.len() != merged.len() {
            return None;
        }
        for (into, number) in merged.iter_mut().zip(numbers) {
            *into = join(*into, number)?;
        }
    }
    push_header(out, b'*', merged.len() as u64);
    merged.into_iter().for_each(|number| push_integer(out, number));
    Some(())
}

fn integers(part: &[u8]) -> Option<Vec<i64>> {
    let (_, count, body) = aggregate(part)?;
    let numbers: Option<Vec<i64>> = values(body).map(integer).collect();
    numbers.filter(|numbers| Some(numbers.len() as u64) == count)
}

fn concat(parts: &[Vec<u8>], out: &mut Vec<u8>) -> Option<()> {
    let (kind, ..) = aggregate(&parts[0])?;
    let mut total = 0u64;
    for part in parts {
        let (same, count, _) = aggregate(part)?;
        if same != kind {
            return None;
        }
        total = total.checked_add(count.unwrap_or(0))?;
    }
    push_header(out, kind, total);
    for part in parts {
        let (_, _, body) = aggregate(part)?;
        out.extend_from_slice(body);
    }
    Some(())
}

fn deal(order: &[u32], parts: &[Vec<u8>], out: &mut Vec<u8>) -> Option<()> {
    let mut bodies = Vec::with_capacity(parts.len());
    for part in parts {
        bodies.push(values(aggregate(part)?.2));
    }
    push_header(out, b'*', order.len() as u64);
    for &part in order {
        out.extend_from_slice(bodies.get_mut(part as usize)?.next()?);
    }
    Some(())
}

/// Appends an integer reply.
pub fn push_integer(out: &mut Vec<u8>, number: i64) {
    out.push(b':');
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// Appends the header of an aggregate or a bulk.
pub fn push_header(out: &mut Vec<u8>, kind: u8, count: u64) {
    out.push(kind);
    out.extend_from_slice(itoa::Buffer::new().format(count).as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// Appends a bulk: an argument of a request, or a bulk reply.
pub fn push_bulk(out: &mut Vec<u8>, bytes: &[u8]) {
    push_header(out, b'$', bytes.len() as u64);
    out.extend_from_slice(bytes);
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(policy: Merge, parts: &[&str]) -> String {
        let parts: Vec<Vec<u8>> = parts.iter().map(|part| part.replace(' ', "\r\n").into_bytes()).collect();
        let mut out = b"before ".to_vec();
        merge(&policy, &parts, &mut out);
        let text = String::from_utf8(out).unwrap();
        let reply = text.strip_prefix("before ").unwrap().to_owned();
        if reply.starts_with('-') { reply } else { reply.replace("\r\n", " ") }
    }

    #[test]
    fn counts_are_added() {
        assert_eq!(merged(Merge::Sum, &[":1 ", ":0 ", ":41 "]), ":42 ");
        assert_eq!(merged(Merge::Min, &[":1 ", ":0 "]), ":0 ");
        assert_eq!(merged(Merge::Max, &[":1 ", ":7 "]), ":7 ");
        assert_eq!(merged(Merge::Sum, &["*2 :1 :2 ", "*2 :3 :4 "]), "*2 :4 :6 ");
        assert_eq!(merged(Merge::And, &["*2 :1 :0 ", "*2 :1 :1 "]), "*2 :1 :0 ");
        assert_eq!(merged(Merge::Or, &[":0 ", ":1 "]), ":1 ");
    }

    #[test]
    fn mget_keeps_the_order_of_the_keys() {
        let order = Merge::InKeyOrder(vec![0, 1, 0, 2, 1]);
        assert_eq!(merged(order, &["*2 $1 a $-1 ", "*2 $1 b $1 e ", "*1 _ "]), "*5 $1 a $1 b $-1 _ $1 e ");
    }

    #[test]
    fn lists_of_all_shards_are_joined() {
        assert_eq!(merged(Merge::Concat, &["*1 $1 a ", "*0 ", "*2 $1 b $1 c "]), "*3 $1 a $1 b $1 c ");
        assert_eq!(merged(Merge::Concat, &["%1 +a :1 ", "%1 +b :2 "]), "%2 +a :1 +b :2 ");
    }

    #[test]
    fn one_error_is_the_reply_unless_one_success_is_enough() {
        assert_eq!(merged(Merge::AllSucceeded, &["+OK ", "+OK "]), "+OK ");
        assert_eq!(merged(Merge::AllSucceeded, &["+OK ", "-ERR no "]), "-ERR\r\nno\r\n");
        assert_eq!(merged(Merge::Sum, &[":1 ", "-X "]), "-X\r\n");
        assert_eq!(merged(Merge::OneSucceeded, &["-X ", "+OK "]), "+OK ");
        assert_eq!(merged(Merge::OneSucceeded, &["-X ", "-Y "]), "-X\r\n");
    }

    #[test]
    fn a_random_reply_is_a_null_only_when_all_are() {
        assert_eq!(merged(Merge::AnyOf(7), &["$-1 ", "$1 a ", "$-1 "]), "$1 a ");
        assert_eq!(merged(Merge::AnyOf(1), &["$1 b ", "$1 a "]), "$1 a ");
        assert_eq!(merged(Merge::AnyOf(1), &["_ ", "_ "]), "_ ");
    }

    #[test]
    fn parts_that_do_not_go_together_are_an_error() {
        for (policy, parts) in [
            (Merge::Sum, &[":1 ", "+OK "][..]),
            (Merge::Sum, &["*1 :1 ", "*2 :1 :1 "]),
            (Merge::Sum, &[":9223372036854775807 ", ":1 "]),
            (Merge::Concat, &["*0 ", "%0 "]),
            (Merge::InKeyOrder(vec![0, 0]), &["*1 :1 "]),
            (Merge::InKeyOrder(vec![3]), &["*1 :1 "]),
        ] {
            assert!(merged(policy, parts).starts_with("-ERR the nodes' replies"));
        }
    }
}
