//! What the proxy answers itself, and what it keeps per client.

use super::scripted::{Act, ScriptedNode, with_slots};
use super::{Proxy, ask, text};
use crate::support::Wire;

fn one(tune: impl FnOnce(&mut slotwise::proxy::ProxyConfig)) -> (ScriptedNode, Proxy) {
    let node = ScriptedNode::start();
    node.act(with_slots(node.port, node.port, |request| match request {
        "AUTH app secret" | "AUTH secret" => Act::text("+OK\r\n"),
        _ => Act::text(":1\r\n"),
    }));
    let proxy = Proxy::start(&[node.port], tune);
    (node, proxy)
}

#[test]
fn replies_can_be_turned_off_and_skipped() {
    let (node, proxy) = one(|_| {});
    let mut wire = proxy.connect();
    wire.send(b"CLIENT REPLY OFF\r\nINCR b\r\nPING\r\nnonsense\r\nCLIENT REPLY ON\r\nINCR b\r\n");
    assert_eq!((text(&wire.reply()), text(&wire.reply())), (r"+OK\r\n".into(), r":1\r\n".into()));
    wire.send(b"CLIENT REPLY SKIP\r\nINCR b\r\nECHO x\r\nCLIENT REPLY SKIP\r\nPING\r\nECHO y\r\n");
    assert_eq!((text(&wire.reply()), text(&wire.reply())), (r"$1\r\nx\r\n".into(), r"$1\r\ny\r\n".into()));
    assert_eq!(node.heard().len(), 3);
}

#[test]
fn a_password_is_asked_for() {
    let (_node, proxy) = one(|config| config.require_pass = Some("pass".into()));
    let mut wire = Wire::connect(proxy.port);
    for (line, reply) in [
        ("PING", r"-NOAUTH Authentication required.\r\n"),
        ("GET b", r"-NOAUTH Authentication required.\r\n"),
        ("AUTH wrong", r"-WRONGPASS invalid username-password pair or user is disabled.\r\n"),
        ("AUTH other pass", r"-WRONGPASS invalid username-password pair or user is disabled.\r\n"),
        ("AUTH pass", r"+OK\r\n"),
        ("PING", r"+PONG\r\n"),
        ("RESET", r"+RESET\r\n"),
        ("PING", r"-NOAUTH Authentication required.\r\n"),
    ] {
        assert_eq!(ask(&mut wire, line), reply, "{line}");
    }
    assert!(ask(&mut wire, "HELLO 3").starts_with("-NOAUTH HELLO must be called"));
    assert!(ask(&mut wire, "HELLO 3 AUTH default pass SETNAME me").starts_with("%7"));
    assert_eq!(ask(&mut wire, "CLIENT GETNAME"), r"$2\r\nme\r\n");
    let mut early = Wire::connect(proxy.port);
    early.send(b"*11\r\n");
    assert_eq!(text(&early.rest()), r"-ERR Protocol error: unauthenticated multibulk length\r\n");
}

#[test]
fn the_nodes_are_given_user_and_password() {
    let node = ScriptedNode::start();
    let heard = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let log = heard.clone();
    node.act(with_slots(node.port, node.port, move |request| {
        log.lock().unwrap().push(request.to_owned());
        Act::text(if request.starts_with("AUTH") { "+OK\r\n" } else { ":1\r\n" })
    }));
    let proxy = Proxy::start(&[node.port], |config| {
        config.node_user = Some("app".into());
        config.node_password = Some("secret".into());
    });
    assert_eq!(ask(&mut proxy.connect(), "INCR b"), r":1\r\n");
    assert_eq!(heard.lock().unwrap()[0], "AUTH app secret");
}

#[test]
fn it_looks_like_one_plain_server() {
    let (_node, proxy) = one(|_| {});
    let mut wire = proxy.connect();
    for (line, reply) in [
        ("ECHO hi", r"$2\r\nhi\r\n"),
        ("PING hi", r"$2\r\nhi\r\n"),
        ("SELECT 0", r"+OK\r\n"),
        ("SELECT 1", r"-ERR SELECT is not allowed in cluster mode\r\n"),
        ("SELECT x", r"-ERR value is not an integer or out of range\r\n"),
        ("CLUSTER SLOTS", r"-ERR This instance has cluster support disabled\r\n"),
        ("READONLY", r"-ERR This instance has cluster support disabled\r\n"),
        ("CLIENT SETNAME a", r"+OK\r\n"),
        ("CLIENT SETINFO lib-name x", r"+OK\r\n"),
        ("CONFIG GET save", r"*2\r\n$4\r\nsave\r\n$0\r\n\r\n"),
        ("CONFIG GET appendonly", r"*2\r\n$10\r\nappendonly\r\n$2\r\nno\r\n"),
        (
            "AUTH x",
            r"-ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?\r\n",
        ),
        ("AUTH default x", r"+OK\r\n"),
        ("HELLO 4", r"-NOPROTO unsupported protocol version\r\n"),
        ("HELLO x", r"-ERR Protocol version is not an integer or out of range\r\n"),
        ("COMMAND GETKEYS mset a 1 b 2", r"*2\r\n$1\r\na\r\n$1\r\nb\r\n"),
        ("MULTI", r"-ERR MULTI is not supported by the slotwise proxy yet\r\n"),
        ("SUBSCRIBE c", r"-ERR SUBSCRIBE is not supported by the slotwise proxy yet\r\n"),
        ("CLIENT KILL x", r"-ERR CLIENT KILL is not supported by the slotwise proxy yet\r\n"),
        ("GET", r"-ERR wrong number of arguments for \'get\' command\r\n"),
        ("MSETNX a 1 b 2", r"-CROSSSLOT Keys in request don\'t hash to the same slot\r\n"),
    ] {
        assert_eq!(ask(&mut wire, line), reply, "{line}");
    }
    assert!(ask(&mut wire, "INFO").contains("cluster_enabled:0"));
    assert!(ask(&mut wire, "INFO persistence").contains("loading:0"));
    wire.send(b"QUIT\r\nPING\r\n");
    assert_eq!(text(&wire.rest()), r"+OK\r\n");
}

#[test]
fn a_stopped_proxy_answers_what_is_under_way_and_closes() {
    let (_node, proxy) = one(|_| {});
    let mut wire = proxy.connect();
    wire.send(b"INCR b\r\n");
    assert_eq!(wire.reply(), b":1\r\n");
    drop(proxy);
    assert_eq!(text(&wire.rest()), "");
}
