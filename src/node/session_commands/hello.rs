//! HELLO, AUTH and RESET: who a client is, and which protocol it speaks.

use super::{Call, Handlers};
use crate::command::{Error, Outcome, number, quotable};
use crate::node::transaction::unwatch;
use crate::resp::Protocol;
use std::sync::atomic::Ordering::Relaxed;

/// Version of the reference that is announced: what today's forks of it announce.
pub(super) const REDIS_VERSION: &str = "7.2.4";

pub(super) const HANDLERS: Handlers = &[("hello", hello), ("auth", auth), ("reset", reset)];

const WRONG_PASSWORD: Error = Error::Static("WRONGPASS invalid username-password pair or user is disabled.");
const BAD_NAME: Error = Error::Static("ERR Client names cannot contain spaces, newlines or special characters.");

fn hello(call: &mut Call<'_>) -> Outcome {
    let args = call.args;
    let protocol = match args.get(1) {
        None => None,
        Some(version) => match number::parse_int(version) {
            Some(2) => Some(Protocol::Resp2),
            Some(3) => Some(Protocol::Resp3),
            Some(_) => return Err(Error::Static("NOPROTO unsupported protocol version")),
            None => return Err(Error::Static("ERR Protocol version is not an integer or out of range")),
        },
    };
    // Each option holds as soon as it is read, whatever follows it.
    let mut at = 2;
    while at < args.len() {
        let left = args.len() - 1 - at;
        if args.is(at, "auth") && left >= 2 {
            log_in(call, args.at(at + 1), args.at(at + 2))?;
            at += 3;
        } else if args.is(at, "setname") && left >= 1 {
            set_name(call, args.at(at + 1))?;
            at += 2;
        } else {
            let option = quotable(args.at(at), usize::MAX);
            return Err(Error::Bytes([b"ERR Syntax error in HELLO option '", option, b"'"].concat()));
        }
    }
    if !call.session.authenticated && !call.node.config.load().password.is_empty() {
        return Err(Error::Static(
            "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> \
             <pass> option can be used to authenticate the client and select the RESP protocol version at the \
             same time",
        ));
    }
    if let Some(protocol) = protocol {
        call.session.protocol = protocol;
        call.session.client.protocol.store(if protocol == Protocol::Resp3 { 3 } else { 2 }, Relaxed);
        call.reply.set_protocol(protocol);
    }
    greet(call);
    Ok(())
}

fn greet(call: &mut Call<'_>) {
    let mode = if call.node.config.load().cluster_enabled { "cluster" } else { "standalone" };
    let (id, resp3) = (call.session.client.id, call.reply.is_resp3());
    let reply = &mut call.reply;
    reply.map(7);
    reply.bulk(b"server");
    reply.bulk(b"redis");
    reply.bulk(b"version");
    reply.bulk(REDIS_VERSION.as_bytes());
    reply.bulk(b"proto");
    reply.int(if resp3 { 3 } else { 2 });
    reply.bulk(b"id");
    reply.int(id as i64);
    reply.bulk(b"mode");
    reply.bulk(mode.as_bytes());
    reply.bulk(b"role");
    reply.bulk(b"master");
    reply.bulk(b"modules");
    reply.array(0);
}

fn auth(call: &mut Call<'_>) -> Outcome {
    let args = call.args;
    match args.len() {
        2 => {
            if call.node.config.load().password.is_empty() {
                return Err(Error::Static(
                    "ERR AUTH <password> called without any password configured for the default user. Are you sure \
                     your configuration is correct?",
                ));
            }
            log_in(call, b"default", args.at(1))?;
        }
        3 => log_in(call, args.at(1), args.at(2))?,
        _ => return Err(Error::Syntax),
    }
    call.reply.ok();
    Ok(())
}

/// The default user is the only one; without `requirepass` any password is its.
fn log_in(call: &mut Call<'_>, user: &[u8], password: &[u8]) -> Outcome {
    let config = call.node.config.load();
    if user == b"default" && (config.password.is_empty() || same_secret(password, &config.password)) {
        call.session.authenticated = true;
        return Ok(());
    }
    call.node.stats.failed_auths.fetch_add(1, Relaxed);
    Err(WRONG_PASSWORD)
}

/// Compares without telling by the time it takes where the first difference is.
fn same_secret(given: &[u8], secret: &[u8]) -> bool {
    let differing =
        given.iter().enumerate().fold(0, |bits, (index, byte)| bits | (byte ^ secret[index % secret.len()]));
    given.len() == secret.len() && std::hint::black_box(differing) == 0
}

fn reset(call: &mut Call<'_>) -> Outcome {
    let authenticated = call.node.config.load().password.is_empty();
    call.node.hub.forget(&call.session.client);
    unwatch(call.node, &call.session.client);
    call.session.reset(authenticated);
    call.reply.simple("RESET");
    Ok(())
}

/// CLIENT SETNAME and HELLO SETNAME.
pub(super) fn set_name(call: &Call<'_>, name: &[u8]) -> Outcome {
    if !is_plain(name) {
        return Err(BAD_NAME);
    }
    call.session.client.texts().name = name.to_vec();
    Ok(())
}

/// Can it stand in a line of CLIENT LIST?
pub(super) fn is_plain(text: &[u8]) -> bool {
    text.iter().all(|byte| (b'!'..=b'~').contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_compared_whole() {
        assert!(same_secret(b"secret", b"secret"));
        assert!(!same_secret(b"secre", b"secret") && !same_secret(b"secrets", b"secret"));
        assert!(!same_secret(b"", b"x") && !same_secret(b"xx", b"x"));
    }
}
