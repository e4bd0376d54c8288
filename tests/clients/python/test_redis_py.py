"""redis-py against a whole cluster: `Redis` on the proxy, `RedisCluster` on the nodes, in RESP2 and RESP3."""

import threading

import pytest
import redis

EVERY_BYTE = bytes(range(256))
# Keys and values that break whoever takes them for text, for lines or for numbers.
BLOBS = [EVERY_BYTE, b"\r\n", b"$5\r\nhello\r\n", b"", b"\x00", b"\xff\xfe", b"-ERR no\r\n", b"{", b"}{", b"{}x", b" a b "]


def keys(count, prefix=b"key:"):
    """Keys that spread over all nodes."""
    return [prefix + str(i).encode() for i in range(count)]


def test_strings_keep_every_byte_of_key_and_value(client):
    for key in BLOBS:
        for value in BLOBS:
            assert client.set(key, value) is True
            assert client.get(key) == value
            assert client.strlen(key) == len(value)
        assert client.append(key, EVERY_BYTE) == len(BLOBS[-1]) + 256
        assert client.getrange(key, -256, -1) == EVERY_BYTE
        assert client.delete(key) == 1
        assert client.get(key) is None


def test_a_large_value_comes_back_whole(client):
    value = EVERY_BYTE * 4096 * 4
    client.set(b"large", value)
    assert client.get(b"large") == value


def test_hashes_keep_every_byte_of_field_and_value(client):
    fields = {blob: blob[::-1] for blob in BLOBS}
    assert client.hset(EVERY_BYTE, mapping=fields) == len(fields)
    assert client.hgetall(EVERY_BYTE) == fields
    assert client.hmget(EVERY_BYTE, [*BLOBS, b"none"]) == [*fields.values(), None]
    assert client.hdel(EVERY_BYTE, *BLOBS) == len(fields)
    assert client.exists(EVERY_BYTE) == 0


def test_lists_keep_every_byte_and_their_order(client):
    assert client.rpush(EVERY_BYTE, *BLOBS) == len(BLOBS)
    assert client.lrange(EVERY_BYTE, 0, -1) == BLOBS
    assert client.lpop(EVERY_BYTE, 2) == BLOBS[:2]
    assert client.linsert(EVERY_BYTE, "AFTER", BLOBS[2], b"between") == len(BLOBS) - 1
    assert client.lindex(EVERY_BYTE, 1) == b"between"


def test_sets_keep_every_byte(client):
    assert client.sadd(EVERY_BYTE, *BLOBS) == len(BLOBS)
    assert set(client.smembers(EVERY_BYTE)) == set(BLOBS)
    assert [bool(found) for found in client.smismember(EVERY_BYTE, [b"\r\n", b"none"])] == [True, False]
    assert set(client.sscan_iter(EVERY_BYTE)) == set(BLOBS)
    assert client.srem(EVERY_BYTE, *BLOBS) == len(BLOBS)


def test_sorted_sets_keep_every_byte_and_exact_scores(client):
    scores = {blob: i + 0.5 for i, blob in enumerate(BLOBS)} | {b"max": float("inf"), b"min": float("-inf"), b"e": 1e300}
    assert client.zadd(EVERY_BYTE, scores) == len(scores)
    in_order = sorted(scores.items(), key=lambda pair: pair[1])
    assert [tuple(pair) for pair in client.zrange(EVERY_BYTE, 0, -1, withscores=True)] == in_order
    assert client.zscore(EVERY_BYTE, b"\r\n") == scores[b"\r\n"]
    assert client.zrank(EVERY_BYTE, b"max") == len(scores) - 1
    assert client.zincrby(EVERY_BYTE, 0.25, EVERY_BYTE) == 0.75
    assert [tuple(pair) for pair in client.zpopmin(EVERY_BYTE, 1)] == [(b"min", float("-inf"))]


def test_numbers_and_expiry(client):
    assert client.incr("n") == 1
    assert client.incrby("n", 2**62) == 2**62 + 1
    assert client.incrbyfloat("f", 0.1) == 0.1
    assert client.set("t", "v", px=50_000) is True
    assert 0 < client.pttl("t") <= 50_000
    assert client.ttl("none") == -2
    assert bool(client.persist("t")) is True
    assert client.ttl("t") == -1
    assert client.set("t", "w", nx=True) is None
    assert client.set("t", "w", xx=True, get=True) == b"v"


def test_a_pipeline_of_ten_thousand_commands_answers_in_order(client):
    pipeline = client.pipeline(transaction=False)
    for i in range(2_500):
        pipeline.set(f"key:{i}", b"%d\r\n" % i)
        pipeline.incr(f"counter:{i % 10}")
        pipeline.get(f"key:{i}")
        pipeline.rpush(f"list:{i % 10}", i)
    replies = pipeline.execute()
    expected = []
    for i in range(2_500):
        expected += [True, i // 10 + 1, b"%d\r\n" % i, i // 10 + 1]
    assert replies == expected


def test_an_error_inside_a_pipeline_stays_at_its_place(client):
    client.set("text", "abc")
    pipeline = client.pipeline(transaction=False)
    pipeline.get("text").incr("text").get("none").lpush("text", 1).strlen("text")
    first, not_integer, none, wrong_type, length = pipeline.execute(raise_on_error=False)
    assert (first, none, length) == (b"abc", None, 3)
    assert "value is not an integer or out of range" in str(not_integer)
    assert "Operation against a key holding the wrong kind of value" in str(wrong_type)


def test_errors_carry_the_reference_texts(client):
    client.set("text", "abc")
    cases = [
        (("LPUSH", "text", "1"), "WRONGTYPE Operation against a key holding the wrong kind of value"),
        (("INCR", "text"), "value is not an integer or out of range"),
        (("SET", "text", "v", "EX", "0"), "invalid expire time in 'set' command"),
        (("SET", "text", "v", "NX", "XX"), "syntax error"),
        (("HINCRBYFLOAT", "hash", "f", "x"), "value is not a valid float"),
        (("LSET", "none", "0", "v"), "no such key"),
        (("ZADD", "zset", "x", "m"), "value is not a valid float"),
        (("GETRANGE", "text", "0"), "wrong number of arguments for 'getrange' command"),
    ]
    for command, text in cases:
        with pytest.raises(redis.ResponseError) as caught:
            client.execute_command(*command)
        # The client takes the generic prefix off.
        assert str(caught.value).removeprefix("ERR ") == text, command


def test_many_clients_at_once_lose_no_increment(up, proxy):
    workers, rounds, failures = 32, 100, []

    def work(number):
        try:
            with redis.Redis(port=up.port) as own:
                for i in range(rounds):
                    own.incr("shared")
                    assert own.set(f"own:{number}:{i}", number) is True
                    assert own.get(f"own:{number}:{i}") == b"%d" % number
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert proxy.get("shared") == b"%d" % (workers * rounds)


def test_a_client_goes_on_after_quit(proxy):
    assert proxy.set("a", 1) is True
    assert proxy.execute_command("QUIT") in (True, b"OK")
    assert proxy.get("a") == b"1"


def test_a_closed_connection_leaves_the_others_alone(up, proxy):
    with redis.Redis(port=up.port) as other:
        assert other.set("a", 1) is True
    assert proxy.get("a") == b"1"


@pytest.mark.parametrize("kind", ["proxy", "node"])
def test_resp3_types_arrive_as_such(up, kind):
    port = up.port
    if kind == "node":
        with redis.RedisCluster("127.0.0.1", up.node_ports[0]) as cluster:
            port = cluster.get_node_from_key("{tag}").port
    connection = redis.Connection(host="127.0.0.1", port=port, protocol=3)

    def ask(*command):
        connection.send_command(*command)
        return connection.read_response()

    try:
        connection.connect()
        assert ask("DEL", "{tag}hash", "{tag}set", "{tag}zset") >= 0
        assert ask("HSET", "{tag}hash", "f", "v") == 1
        assert ask("HGETALL", "{tag}hash") == {b"f": b"v"}
        assert ask("SADD", "{tag}set", "a") == 1
        assert set(ask("SMEMBERS", "{tag}set")) == {b"a"}
        assert ask("ZADD", "{tag}zset", "1.5", "m") == 1
        assert ask("ZSCORE", "{tag}zset", "m") == 1.5
        assert ask("ZRANGE", "{tag}zset", "0", "-1", "WITHSCORES") == [[b"m", 1.5]]
        assert ask("GET", "{tag}none") is None
        assert ask("HELLO", "3")[b"proto"] == 3
    finally:
        connection.disconnect()


# What only the proxy does: one address for keys of every node.


def test_multi_key_commands_span_all_nodes(proxy):
    names = keys(1_000)
    assert proxy.mset({name: name[::-1] for name in names}) is True
    assert proxy.mget([*names, b"none", names[0]]) == [name[::-1] for name in names] + [None, names[0][::-1]]
    assert proxy.exists(*names, names[0], b"none") == len(names) + 1
    assert proxy.touch(*names, b"none") == len(names)
    assert proxy.delete(*names[:400], b"none") == 400
    assert proxy.unlink(*names) == 600
    assert proxy.mget(names) == [None] * len(names)


def test_multi_key_commands_keep_every_byte(proxy):
    values = {blob: blob[::-1] for blob in BLOBS}
    assert proxy.mset(values) is True
    assert proxy.mget(BLOBS) == list(values.values())
    assert proxy.delete(*BLOBS) == len(BLOBS)


def test_the_keyspace_of_all_nodes_is_seen_whole(proxy):
    names = keys(2_000)
    proxy.mset(dict.fromkeys(names, b"v"))
    assert proxy.dbsize() == len(names)
    assert sorted(proxy.keys("*")) == sorted(names)
    assert sorted(proxy.keys("key:1?")) == sorted(name for name in names if len(name) == 6 and name[4:5] == b"1")
    assert set(proxy.scan_iter()) == set(names)
    assert set(proxy.scan_iter(match="key:7*", count=50)) == {name for name in names if name.startswith(b"key:7")}
    proxy.rpush("list", 1)
    assert set(proxy.scan_iter(_type="list")) == {b"list"}
    assert proxy.flushall() is True
    assert proxy.dbsize() == 0
    assert list(proxy.scan_iter()) == []


def test_the_proxy_and_the_nodes_are_one_keyspace(up, proxy):
    with redis.RedisCluster("127.0.0.1", up.node_ports[-1]) as cluster:
        names = keys(500)
        proxy.mset({name: name for name in names[:250]})
        for name in names[250:]:
            assert cluster.set(name, name) is True
        assert proxy.mget(names) == names
        assert cluster.mget_nonatomic(names) == names
        sizes = [cluster.dbsize(target_nodes=node) for node in cluster.get_primaries()]
        assert sum(sizes) == len(names)
        assert all(size > 0 for size in sizes), sizes


# What only the nodes do: they say who has a slot.


def test_a_cluster_client_reaches_every_node(up):
    with redis.RedisCluster("127.0.0.1", up.node_ports[0]) as cluster:
        assert sorted(node.port for node in cluster.get_primaries()) == up.node_ports
        covered = sorted(
            slot for slot, nodes in cluster.nodes_manager.slots_cache.items() if nodes[0].port in up.node_ports
        )
        assert covered == list(range(16_384))


def test_a_plain_client_on_a_node_is_told_where_the_slot_is(up):
    with redis.RedisCluster("127.0.0.1", up.node_ports[0]) as cluster:
        slot, owner = cluster.keyslot("foo"), cluster.get_node_from_key("foo").port
    for port in up.node_ports:
        with redis.Redis(port=port) as node:
            if port == owner:
                assert node.set("foo", "bar") is True
                with pytest.raises(redis.ResponseError) as caught:
                    node.mget("foo", "bar", "hello")
                assert str(caught.value).removeprefix("CROSSSLOT ") == "Keys in request don't hash to the same slot"
            else:
                with pytest.raises(redis.exceptions.MovedError) as caught:
                    node.set("foo", "bar")
                assert (caught.value.slot_id, caught.value.port) == (slot, owner)
