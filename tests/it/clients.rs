//! The `redis` crate's asynchronous cluster client, and its plain one on the proxy, against a whole cluster.
//!
//! Every story runs in RESP2 and RESP3, on keys and values of every byte.

use std::collections::HashMap;
use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::ClusterClientBuilder;
use redis::cluster_async::ClusterConnection;
use redis::{
    AsyncCommands, Cmd, ErrorKind, ProtocolVersion, RedisError, RedisResult, ServerErrorKind, Value, cmd, pipe,
};

use crate::support::{PATIENCE, Server};

const PROTOCOLS: [ProtocolVersion; 2] = [ProtocolVersion::RESP2, ProtocolVersion::RESP3];
const NODES: u16 = 3;

fn every_byte() -> Vec<u8> {
    (0..=255).collect()
}

/// Keys and values that break whoever takes them for text, for lines or for numbers.
fn blobs() -> Vec<Vec<u8>> {
    let texts = ["\r\n", "$5\r\nhello\r\n", "", "\0", "-ERR no\r\n", "{", "}{", "{}x", " a b "];
    let mut blobs = vec![every_byte(), vec![0xff, 0xfe]];
    blobs.extend(texts.map(|text| text.as_bytes().to_vec()));
    blobs
}

async fn cluster_client(server: &Server, protocol: ProtocolVersion) -> ClusterConnection {
    let addresses = server.node_ports.iter().map(|port| format!("redis://127.0.0.1:{port}"));
    let client = ClusterClientBuilder::new(addresses)
        .use_protocol(protocol)
        .connection_timeout(PATIENCE)
        .response_timeout(PATIENCE)
        .overall_response_timeout(Some(PATIENCE))
        .build()
        .expect("the addresses are well-formed");
    client.get_async_connection().await.expect("a cluster client connects")
}

async fn proxy_client(server: &Server, protocol: ProtocolVersion) -> MultiplexedConnection {
    let name = if protocol == ProtocolVersion::RESP3 { "resp3" } else { "resp2" };
    let client = redis::Client::open(format!("redis://127.0.0.1:{}/?protocol={name}", server.port)).unwrap();
    let config = redis::AsyncConnectionConfig::new().set_response_timeout(Some(PATIENCE));
    client.get_multiplexed_async_connection_with_config(&config).await.expect("a client connects to the proxy")
}

#[tokio::test]
async fn a_cluster_client_keeps_every_byte_of_every_type() {
    let server = Server::up(NODES, &[]);
    for protocol in PROTOCOLS {
        let mut connection = cluster_client(&server, protocol).await;
        every_type_keeps_every_byte(&mut connection).await.unwrap();
    }
}

#[tokio::test]
async fn a_client_of_the_proxy_keeps_every_byte_of_every_type() {
    let server = Server::up(NODES, &[]);
    for protocol in PROTOCOLS {
        let mut connection = proxy_client(&server, protocol).await;
        every_type_keeps_every_byte(&mut connection).await.unwrap();
    }
}

async fn every_type_keeps_every_byte(connection: &mut (impl ConnectionLike + Send + Sync)) -> RedisResult<()> {
    let blobs = blobs();
    for key in &blobs {
        for value in &blobs {
            assert_eq!(cmd("SET").arg(key).arg(value).query_async::<Value>(connection).await?, Value::Okay);
            assert_eq!(connection.get::<_, Option<Vec<u8>>>(key).await?.as_ref(), Some(value));
        }
        assert_eq!(connection.del::<_, usize>(key).await?, 1);
        assert_eq!(connection.get::<_, Option<Vec<u8>>>(key).await?, None);
    }

    let key = every_byte();
    let fields: HashMap<Vec<u8>, Vec<u8>> =
        blobs.iter().map(|blob| (blob.clone(), [&key[..], blob].concat())).collect();
    let pairs: Vec<_> = fields.iter().collect();
    let () = connection.hset_multiple(&key, &pairs).await?;
    assert_eq!(connection.hgetall::<_, HashMap<Vec<u8>, Vec<u8>>>(&key).await?, fields);
    assert_eq!(connection.unlink::<_, usize>(&key).await?, 1);

    assert_eq!(connection.rpush::<_, _, usize>(&key, &blobs).await?, blobs.len());
    assert_eq!(connection.lrange::<_, Vec<Vec<u8>>>(&key, 0, -1).await?, blobs);
    assert_eq!(connection.unlink::<_, usize>(&key).await?, 1);

    assert_eq!(connection.sadd::<_, _, usize>(&key, &blobs).await?, blobs.len());
    let mut members: Vec<Vec<u8>> = connection.smembers(&key).await?;
    let mut expected = blobs.clone();
    members.sort();
    expected.sort();
    assert_eq!(members, expected);
    assert_eq!(connection.unlink::<_, usize>(&key).await?, 1);

    let scored: Vec<(f64, &Vec<u8>)> = blobs.iter().enumerate().map(|(i, blob)| (i as f64 + 0.5, blob)).collect();
    assert_eq!(connection.zadd_multiple::<_, _, _, usize>(&key, &scored).await?, blobs.len());
    let ranged: Vec<(Vec<u8>, f64)> = connection.zrange_withscores(&key, 0, -1).await?;
    assert!(ranged.iter().map(|(blob, score)| (*score, blob)).eq(scored.iter().copied()), "{ranged:?}");
    assert_eq!(connection.unlink::<_, usize>(&key).await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_pipeline_of_ten_thousand_commands_answers_in_order() {
    let server = Server::up(NODES, &[]);
    for protocol in PROTOCOLS {
        // The cluster client sends a pipeline to one node, so its keys share a hash tag.
        let mut cluster = cluster_client(&server, protocol).await;
        ten_thousand_in_order(&mut cluster, "{p}").await;
        let mut proxy = proxy_client(&server, protocol).await;
        ten_thousand_in_order(&mut proxy, "").await;
    }
}

async fn ten_thousand_in_order(connection: &mut impl ConnectionLike, prefix: &str) {
    const PAIRS: usize = 5_000;
    let mut pipeline = pipe();
    for i in 0..PAIRS {
        let key = format!("{prefix}key:{i}");
        pipeline.set(&key, format!("{i}\r\n")).get(&key);
    }
    let replies: RedisResult<Vec<Value>> = pipeline.query_async(connection).await;
    // A pipeline's error tells of each of its commands: the first few are enough to read.
    let replies = replies.unwrap_or_else(|error| panic!("{:.300}", error.to_string()));
    assert_eq!(replies.len(), 2 * PAIRS);
    for (i, pair) in replies.chunks(2).enumerate() {
        assert_eq!(pair, [Value::Okay, Value::BulkString(format!("{i}\r\n").into_bytes())]);
    }
}

#[tokio::test]
async fn many_commands_in_flight_reach_all_nodes() {
    let server = Server::up(NODES, &[]);
    for protocol in PROTOCOLS {
        let connection = cluster_client(&server, protocol).await;
        let tasks: Vec<_> = (0..100)
            .map(|task| {
                let mut connection = connection.clone();
                tokio::spawn(async move {
                    for i in 0..50 {
                        let key = format!("task:{task}:{i}");
                        let () = connection.set(&key, i).await?;
                        assert_eq!(connection.incr::<_, _, i64>(&key, 1).await?, i + 1);
                    }
                    RedisResult::Ok(())
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
    }
    let mut proxy = proxy_client(&server, ProtocolVersion::RESP3).await;
    assert_eq!(cmd("DBSIZE").query_async::<usize>(&mut proxy).await.unwrap(), 5_000);
}

#[tokio::test]
async fn resp3_types_arrive_as_such() {
    let server = Server::up(NODES, &[]);
    let mut connections: [Box<dyn ConnectionLike + Send>; 2] = [
        Box::new(cluster_client(&server, ProtocolVersion::RESP3).await),
        Box::new(proxy_client(&server, ProtocolVersion::RESP3).await),
    ];
    for connection in &mut connections {
        let mut ask = async |line: &str| {
            let mut command = Cmd::new();
            command.arg(line.split(' ').collect::<Vec<_>>());
            connection.req_packed_command(&command).await.unwrap()
        };
        let bulk = |text: &str| Value::BulkString(text.into());
        ask("DEL {t}h {t}s {t}z").await;
        ask("HSET {t}h f v").await;
        ask("SADD {t}s m").await;
        ask("ZADD {t}z 1.5 m").await;
        assert_eq!(ask("HGETALL {t}h").await, Value::Map(vec![(bulk("f"), bulk("v"))]));
        assert_eq!(ask("SMEMBERS {t}s").await, Value::Set(vec![bulk("m")]));
        assert_eq!(ask("ZSCORE {t}z m").await, Value::Double(1.5));
        let scored = Value::Array(vec![Value::Array(vec![bulk("m"), Value::Double(1.5)])]);
        assert_eq!(ask("ZRANGE {t}z 0 -1 WITHSCORES").await, scored);
        assert_eq!(ask("GET {t}none").await, Value::Nil);
    }
}

#[tokio::test]
async fn errors_carry_the_reference_texts() {
    let server = Server::up(NODES, &[]);
    let mut connections: [Box<dyn ConnectionLike + Send>; 2] = [
        Box::new(cluster_client(&server, ProtocolVersion::RESP3).await),
        Box::new(proxy_client(&server, ProtocolVersion::RESP2).await),
    ];
    for connection in &mut connections {
        connection.req_packed_command(cmd("SET").arg("text").arg("abc")).await.unwrap();
        let error = error_of(connection, cmd("LPUSH").arg("text").arg("1")).await;
        assert_eq!(error.code(), Some("WRONGTYPE"), "{error:?}");
        assert_eq!(error.detail(), Some("Operation against a key holding the wrong kind of value"));
        let error = error_of(connection, cmd("INCR").arg("text")).await;
        assert_eq!(error.kind(), ErrorKind::Server(ServerErrorKind::ResponseError));
        assert_eq!(error.detail(), Some("value is not an integer or out of range"));
    }
}

async fn error_of(connection: &mut Box<dyn ConnectionLike + Send>, command: &Cmd) -> RedisError {
    connection.req_packed_command(command).await.and_then(Value::extract_error).unwrap_err()
}

#[tokio::test]
async fn commands_over_all_nodes_are_one_command_through_the_proxy() {
    let server = Server::up(NODES, &[]);
    let mut proxy = proxy_client(&server, ProtocolVersion::RESP3).await;
    let names: Vec<String> = (0..1_000).map(|i| format!("key:{i}")).collect();
    let pairs: Vec<(&String, &String)> = names.iter().map(|name| (name, name)).collect();
    let () = proxy.mset(&pairs).await.unwrap();
    assert_eq!(proxy.mget::<_, Vec<String>>(&names).await.unwrap(), names);

    // The client splits by slot itself when it talks to the nodes.
    let mut cluster = cluster_client(&server, ProtocolVersion::RESP3).await;
    assert_eq!(cluster.mget::<_, Vec<String>>(&names).await.unwrap(), names);
    assert_eq!(cluster.del::<_, usize>(&names[..300]).await.unwrap(), 300);

    assert_eq!(proxy.exists::<_, usize>(&names).await.unwrap(), 700);
    assert_eq!(proxy.unlink::<_, usize>(&names).await.unwrap(), 700);
    assert_eq!(cmd("DBSIZE").query_async::<usize>(&mut proxy).await.unwrap(), 0);
}

#[tokio::test]
async fn an_expired_key_is_gone_for_every_client() {
    let server = Server::up(NODES, &[]);
    let mut cluster = cluster_client(&server, ProtocolVersion::RESP3).await;
    let mut proxy = proxy_client(&server, ProtocolVersion::RESP2).await;
    let () = cluster.pset_ex("short", "v", 50).await.unwrap();
    let () = proxy.set_ex("long", "v", 1_000).await.unwrap();
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while proxy.exists::<_, bool>("short").await.unwrap() {
        assert!(tokio::time::Instant::now() < deadline, "the key does not expire");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(cluster.get::<_, Option<String>>("short").await.unwrap(), None);
    assert_eq!(cluster.get::<_, Option<String>>("long").await.unwrap().as_deref(), Some("v"));
}
