//! CLIENT LIST, INFO and KILL: connections seen from another one.

use super::{Call, Handlers};
use crate::command::{Error, Outcome, Table, number};
use crate::node::clients::{Client, ClientFlag};
use crate::node::pubsub::Space;
use crate::node::session::After;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

pub(super) const HANDLERS: Handlers = &[("client|info", info), ("client|list", list), ("client|kill", kill)];

/// What a connection costs besides its buffers, in bytes: its task, its session and its entry among the clients.
const CLIENT_BYTES: usize = 2048;

fn info(call: &mut Call<'_>) -> Outcome {
    let mut line = String::new();
    write_line(call, &call.session.client, &mut line);
    call.reply.verbatim("txt", line.as_bytes());
    Ok(())
}

fn list(call: &mut Call<'_>) -> Outcome {
    let args = call.args;
    let mut clients = call.node.clients.list();
    if args.len() == 4 && args.is(2, "type") {
        let kind = client_type(args.at(3))?;
        clients.retain(|client| type_of(client) == kind);
    } else if args.len() > 3 && args.is(2, "id") {
        clients = Vec::new();
        for word in args.skip(3) {
            let id = number::parse_int(word).ok_or(Error::Static("ERR Invalid client ID"))?;
            clients.extend(u64::try_from(id).ok().and_then(|id| call.node.clients.get(id)));
        }
    } else if args.len() != 2 {
        return Err(Error::Syntax);
    }
    let mut lines = String::new();
    for client in &clients {
        write_line(call, client, &mut lines);
    }
    call.reply.verbatim("txt", lines.as_bytes());
    Ok(())
}

/// Kinds of clients that filters name. Only normal ones are connected today.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ClientType {
    Normal,
    Replica,
    PubSub,
    Master,
}

fn client_type(word: &[u8]) -> Result<ClientType, Error> {
    match word.to_ascii_lowercase().as_slice() {
        b"normal" => Ok(ClientType::Normal),
        b"slave" | b"replica" => Ok(ClientType::Replica),
        b"pubsub" => Ok(ClientType::PubSub),
        b"master" => Ok(ClientType::Master),
        _ => Err(Error::Text(format!("ERR Unknown client type '{}'", String::from_utf8_lossy(word)))),
    }
}

fn type_of(client: &Client) -> ClientType {
    if client.subscriptions.lock().total() > 0 { ClientType::PubSub } else { ClientType::Normal }
}

fn write_line(call: &Call<'_>, client: &Client, out: &mut String) {
    let own = client.id == call.session.client.id;
    let (input, arguments, command) = if own {
        (call.args.buffer().len(), call.args.iter().map(<[u8]>::len).sum(), Some(call.command))
    } else {
        let last = client.last_command.load(Relaxed);
        let command = Table::get().all().find(|command| command.id == last);
        (client.input_bytes.load(Relaxed), client.argument_bytes.load(Relaxed), command)
    };
    let capacity = client.input_capacity.load(Relaxed).max(input);
    let output = client.output_bytes.load(Relaxed);
    let total = CLIENT_BYTES + capacity + output + arguments;
    let texts = client.texts().clone();
    // Text that clients send is printable ASCII: SETNAME and SETINFO take nothing else.
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let subscribed = |space| client.subscriptions.lock().count(space);
    let _ = writeln!(
        out,
        "id={} addr={} laddr={} fd={} name={} age={} idle={} flags={} db={} sub={} psub={} ssub={} multi=-1 qbuf={} \
         qbuf-free={} argv-mem={} multi-mem=0 rbs={} rbp={} obl={} oll=0 omem=0 tot-mem={} events=r cmd={} \
         user=default redir=-1 resp={} lib-name={} lib-ver={}",
        client.id,
        client.peer,
        client.local,
        client.descriptor,
        text(&texts.name),
        seconds_since(client.created_ms, call.now_ms),
        if own { 0 } else { seconds_since(client.active_ms.load(Relaxed), call.now_ms) },
        flags_of(client),
        client.database.load(Relaxed),
        subscribed(Space::Channels),
        subscribed(Space::Patterns),
        subscribed(Space::Shards),
        input,
        capacity - input,
        arguments,
        output,
        output,
        output,
        total,
        command.map_or("NULL", |command| &*command.name),
        client.protocol.load(Relaxed),
        text(&texts.library),
        text(&texts.library_version),
    );
}

fn seconds_since(then_ms: i64, now_ms: i64) -> i64 {
    (now_ms - then_ms).max(0) / 1000
}

fn flags_of(client: &Client) -> String {
    let held = client.is_held().then_some('b');
    let subscribed = (client.subscriptions.lock().total() > 0).then_some('P');
    let named = [
        (ClientFlag::Closing, 'c'),
        (ClientFlag::ReadOnly, 'r'),
        (ClientFlag::NoEvict, 'e'),
        (ClientFlag::NoTouch, 'T'),
    ];
    let set = named.into_iter().filter(|(flag, _)| client.has(*flag)).map(|(_, letter)| letter);
    let flags: String = held.into_iter().chain(subscribed).chain(set).collect();
    if flags.is_empty() { "N".to_owned() } else { flags }
}

/// Which clients to kill: all that fit every filter.
#[derive(Default)]
struct Filter<'a> {
    id: Option<u64>,
    kind: Option<ClientType>,
    peer: Option<&'a [u8]>,
    local: Option<&'a [u8]>,
    include_me: bool,
}

impl Filter<'_> {
    fn fits(&self, client: &Client, me: u64) -> bool {
        let is = |address: std::net::SocketAddr, wanted: &[u8]| address.to_string().as_bytes() == wanted;
        self.id.is_none_or(|id| id == client.id)
            && self.kind.is_none_or(|kind| kind == type_of(client))
            && self.peer.is_none_or(|peer| is(client.peer, peer))
            && self.local.is_none_or(|local| is(client.local, local))
            && (self.include_me || client.id != me)
    }
}

fn kill(call: &mut Call<'_>) -> Outcome {
    let args = call.args;
    let old_form = args.len() == 3;
    let filter = if old_form {
        Filter { peer: Some(args.at(2)), include_me: true, ..Filter::default() }
    } else {
        kill_filter(call)?
    };
    let me = call.session.client.id;
    let found: Vec<Arc<Client>> =
        call.node.clients.list().into_iter().filter(|client| filter.fits(client, me)).collect();
    for client in &found {
        if client.id == me {
            // Its own reply is still sent.
            call.session.after = After::Close;
        } else {
            call.node.clients.kill(client);
        }
    }
    match (old_form, found.len()) {
        (true, 0) => return Err(Error::Static("ERR No such client")),
        (true, _) => call.reply.ok(),
        (false, count) => call.reply.int(count as i64),
    }
    Ok(())
}

fn kill_filter<'a>(call: &Call<'a>) -> Result<Filter<'a>, Error> {
    let args = call.args;
    let mut filter = Filter::default();
    for at in (2..args.len()).step_by(2) {
        let value = args.get(at + 1).ok_or(Error::Syntax)?;
        if args.is(at, "id") {
            let id = number::parse_int(value).filter(|id| *id > 0);
            filter.id = Some(id.ok_or(Error::Static("ERR client-id should be greater than 0"))? as u64);
        } else if args.is(at, "type") {
            filter.kind = Some(client_type(value)?);
        } else if args.is(at, "addr") {
            filter.peer = Some(value);
        } else if args.is(at, "laddr") {
            filter.local = Some(value);
        } else if args.is(at, "user") {
            if value != b"default" {
                return Err(Error::Text(format!("ERR No such user '{}'", String::from_utf8_lossy(value))));
            }
        } else if args.is(at, "skipme") && args.is(at + 1, "yes") {
            filter.include_me = false;
        } else if args.is(at, "skipme") && args.is(at + 1, "no") {
            filter.include_me = true;
        } else {
            return Err(Error::Syntax);
        }
    }
    Ok(filter)
}
