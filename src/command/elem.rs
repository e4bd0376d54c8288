//! Replies with what packed collections hold: text, or numbers that are printed on the way out.

use crate::resp::Reply;
use crate::store::value::listpack::Elem;

/// Writes an element's text as a bulk string.
#[inline]
pub fn bulk(reply: &mut Reply<'_>, elem: Elem<'_>) {
    match elem {
        Elem::Int(value) => reply.bulk_int(value),
        Elem::Bytes(bytes) => reply.bulk(bytes),
    }
}
