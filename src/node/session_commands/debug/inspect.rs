//! DEBUG subcommands that look into values and the process, and PROTOCOL, which answers with every type.

use super::super::Call;
use super::transaction;
use crate::command::{Error, Outcome, number};
use crate::store::value::stream::Stream;
use crate::store::{Entry, Key, Kind, Object};

pub(in super::super) fn encoding(entry: &Entry) -> &'static str {
    match entry.as_object().as_deref() {
        None => match entry.as_str() {
            Some(crate::store::Str::Int(_)) => "int",
            Some(string) if string.len() <= 44 && !entry.is_raw() => "embstr",
            _ => "raw",
        },
        Some(Object::List(_)) => "quicklist",
        Some(Object::Set(set)) => set.encoding(),
        Some(Object::Hash(hash)) => hash.encoding(),
        Some(Object::SortedSet(set)) => set.encoding(),
        Some(Object::Stream(_)) => Stream::ENCODING,
    }
}

pub(super) fn object(call: &mut Call<'_>) -> Outcome {
    let key = Key::new(call.args.at(2));
    let tx = transaction(call, key);
    let entry = tx.inspect(key).ok_or(Error::NoSuchKey)?;
    let idle = tx.idle_seconds(key).unwrap_or(0);
    let mut line = format!(
        "Value at:{:p} refcount:1 encoding:{} serializedlength:{} lru:{} lru_seconds_idle:{idle}",
        std::ptr::from_ref(entry),
        encoding(entry),
        serialized_bytes(entry),
        entry.access(),
    );
    if let Some(Object::List(list)) = entry.as_object().as_deref() {
        let nodes = list.node_count().max(1);
        let bytes: usize = list.iter().map(|element| element.len() + 2).sum();
        line += &format!(
            " ql_nodes:{nodes} ql_avg_node:{:.2} ql_listpack_max:{} ql_compressed:0 ql_uncompressed_size:{bytes}",
            list.len() as f64 / nodes as f64,
            call.node.config.load().data.limits.list_node_max,
        );
    }
    drop(tx);
    call.reply.simple(&line);
    Ok(())
}

/// About what the value would take in a dump: its bytes, and two for each length.
fn serialized_bytes(entry: &Entry) -> usize {
    let own = entry.as_str().map_or(0, |string| string.len() + 1);
    own + match entry.as_object().as_deref() {
        Some(Object::List(list)) => list.iter().map(|element| element.len() + 2).sum(),
        Some(Object::Set(set)) => set.iter().map(|member| member.len() + 1).sum(),
        Some(Object::Hash(hash)) => hash.iter().map(|(field, value)| field.len() + value.len() + 2).sum(),
        Some(Object::SortedSet(set)) => set.iter().map(|(member, _)| member.len() + 9).sum(),
        Some(Object::Stream(stream)) => stream.heap_bytes(usize::MAX),
        None => 0,
    }
}

pub(super) fn string_lengths(call: &mut Call<'_>) -> Outcome {
    let key = Key::new(call.args.at(2));
    let tx = transaction(call, key);
    let entry = tx.inspect(key).ok_or(Error::NoSuchKey)?;
    let string = entry.as_str().filter(|_| encoding(entry) != "int");
    let string = string.ok_or(Error::Static("ERR Not an sds encoded string."))?;
    let (key_bytes, bytes) = (key.bytes().len(), entry.allocated_bytes());
    let line = format!(
        "key_sds_len:{key_bytes}, key_sds_avail:0, key_zmalloc: {key_bytes}, val_sds_len:{}, val_sds_avail:0, \
         val_zmalloc: {bytes}",
        string.len()
    );
    drop(tx);
    call.reply.simple(&line);
    Ok(())
}

pub(super) fn listpack(call: &mut Call<'_>) -> Outcome {
    let key = Key::new(call.args.at(2));
    let tx = transaction(call, key);
    let entry = tx.inspect(key).ok_or(Error::NoSuchKey)?;
    let packed = encoding(entry) == "listpack";
    drop(tx);
    if !packed {
        return Err(Error::Static("ERR Not a listpack encoded object."));
    }
    call.reply.simple("Listpack structure printed on stdout");
    Ok(())
}

pub(super) fn quicklist(call: &mut Call<'_>) -> Outcome {
    let key = Key::new(call.args.at(2));
    let tx = transaction(call, key);
    let list = tx.inspect(key).ok_or(Error::NoSuchKey)?.kind() == Kind::List;
    drop(tx);
    if !list {
        return Err(Error::Static("ERR Not a quicklist encoded object."));
    }
    call.reply.simple("Quicklist structure printed on stdout");
    Ok(())
}

pub(super) fn table_stats(call: &mut Call<'_>) -> Outcome {
    let index = number::int(call.args.at(2))?;
    let databases = call.node.keyspace.databases();
    let index = usize::try_from(index).ok().filter(|index| *index < databases);
    let size = call.node.keyspace.size(index.ok_or(Error::Static("ERR Out of range database"))?);
    let part = |title: &str, keys: usize| match keys {
        0 => format!("[{title}]\nHash table 0 stats (main hash table):\nNo stats available for empty dictionaries\n"),
        _ => format!("[{title}]\nHash table 0 stats (main hash table):\n number of elements: {keys}\n"),
    };
    let text = part("Dictionary HT", size.keys) + &part("Expires HT", size.volatile);
    call.reply.verbatim("txt", text.as_bytes());
    Ok(())
}

pub(super) fn key_table_stats(call: &mut Call<'_>) -> Outcome {
    let key = Key::new(call.args.at(2));
    let tx = transaction(call, key);
    let entry = tx.inspect(key).ok_or(Error::NoSuchKey)?;
    let elements = match entry.as_object().as_deref() {
        Some(Object::Set(set)) if set.encoding() == "hashtable" => Some(set.len()),
        Some(Object::Hash(hash)) if hash.encoding() == "hashtable" => Some(hash.len()),
        Some(Object::SortedSet(set)) if set.encoding() == "skiplist" => Some(set.len()),
        _ => None,
    };
    drop(tx);
    let elements = elements
        .ok_or(Error::Static("ERR The value stored at the specified key is not represented using an hash table"))?;
    let text = format!("Hash table 0 stats (main hash table):\n number of elements: {elements}\n");
    call.reply.verbatim("txt", text.as_bytes());
    Ok(())
}

pub(super) fn sizes(call: &mut Call<'_>) {
    let line = format!(
        "bits:{} entry:{} object:{} client:{}",
        usize::BITS,
        size_of::<Entry>(),
        size_of::<Object>(),
        size_of::<crate::node::clients::Client>()
    );
    call.reply.simple(&line);
}

/// A reply of the type named.
#[allow(clippy::approx_constant)] // The reference's example of a double.
pub(super) fn protocol(call: &mut Call<'_>) -> Outcome {
    let kind = call.args.at(2).to_ascii_lowercase();
    let reply = &mut call.reply;
    match kind.as_slice() {
        b"string" => reply.bulk(b"Hello World"),
        b"integer" => reply.int(12345),
        b"double" => reply.double(3.141),
        b"bignum" => reply.big_number("1234567999999999999999999999999999999"),
        b"null" => reply.null(),
        b"array" => {
            reply.array(3);
            (0..3).for_each(|number| reply.int(number));
        }
        b"set" => {
            reply.set(3);
            (0..3).for_each(|number| reply.int(number));
        }
        b"map" => {
            reply.map(3);
            for number in 0..3 {
                reply.int(number);
                reply.boolean(number == 1);
            }
        }
        b"attrib" => {
            if reply.is_resp3() {
                reply.attribute(1);
                reply.bulk(b"key-popularity");
                reply.array(2);
                reply.bulk(b"key:123");
                reply.int(90);
            }
            // An attribute is no reply of its own.
            reply.bulk(b"Some real reply following the attribute");
        }
        b"push" if !reply.is_resp3() => {
            return Err(Error::Static("ERR RESP2 is not supported by this command"));
        }
        b"push" => {
            reply.push(2);
            reply.bulk(b"server-cpu-usage");
            reply.int(42);
        }
        b"true" => reply.boolean(true),
        b"false" => reply.boolean(false),
        b"verbatim" => reply.verbatim("txt", b"This is a verbatim\nstring"),
        _ => {
            return Err(Error::Static(
                "ERR Wrong protocol type name. Please use one of the following: \
                 string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false",
            ));
        }
    }
    Ok(())
}
