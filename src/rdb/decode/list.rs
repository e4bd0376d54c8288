//! Reads lists.

use super::super::encode::{NODE_PACKED, NODE_PLAIN};
use super::super::ziplist;
use super::{Corrupt, Reader, count, from_ziplist, listpack};
use crate::store::value::Limits;
use crate::store::value::list::{End, List, Node};

/// Elements one by one.
pub(super) fn strings(reader: &mut Reader<'_>, limits: &Limits) -> Result<List, Corrupt> {
    let mut list = List::new();
    for _ in 0..count(reader)? {
        list.push(End::Back, &reader.string()?, limits);
    }
    Ok(list)
}

/// All elements in one ziplist.
pub(super) fn ziplist(reader: &mut Reader<'_>, limits: &Limits) -> Result<List, Corrupt> {
    let mut list = List::new();
    ziplist::walk(&reader.string()?, |elem| {
        list.push(End::Back, elem.as_bytes(&mut [0; 20]), limits);
        Ok(())
    })?;
    Ok(list)
}

/// Ziplists one by one, of which some may be empty.
pub(super) fn ziplists(reader: &mut Reader<'_>) -> Result<List, Corrupt> {
    let mut list = List::new();
    for _ in 0..count(reader)? {
        list.push_node(Node::Packed(from_ziplist(reader)?));
    }
    Ok(list)
}

/// Listpacks, of which some may be empty, and elements too large for one.
pub(super) fn nodes(reader: &mut Reader<'_>) -> Result<List, Corrupt> {
    let mut list = List::new();
    for _ in 0..count(reader)? {
        match reader.length()? {
            NODE_PACKED => list.push_node(Node::Packed(listpack(reader)?)),
            NODE_PLAIN => {
                let element = reader.string()?;
                if element.is_empty() {
                    return Err(Corrupt);
                }
                list.push_node(Node::Plain(element.into()));
            }
            _ => return Err(Corrupt),
        }
    }
    Ok(list)
}
