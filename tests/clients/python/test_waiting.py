"""redis-py's blocking pops, transactions and channels against the nodes of a cluster, under concurrent load."""

import threading
import time
from collections import Counter

import pytest
import redis

JOBS = 2_000
PRODUCERS = 3
CONSUMERS = 6
PATIENCE_S = 30


@pytest.fixture
def nodes(up):
    with redis.RedisCluster(host="127.0.0.1", port=up.node_ports[0]) as cluster:
        yield cluster
        cluster.flushall(target_nodes=redis.RedisCluster.PRIMARIES)


def together(*works):
    """Runs functions on threads of their own and raises what the first failure raised."""
    failures = []

    def guarded(work):
        try:
            work()
        except Exception as failure:  # noqa: BLE001
            failures.append(failure)

    threads = [threading.Thread(target=guarded, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert not any(thread.is_alive() for thread in threads), "somebody waits for ever"
    if failures:
        raise failures[0]


@pytest.mark.parametrize("kind", ["list", "sorted set", "moved"])
def test_consumers_that_wait_take_every_job_once(nodes, kind):
    done = Counter()

    def produce(number):
        for job in range(number, JOBS, PRODUCERS):
            if kind == "sorted set":
                nodes.zadd("{jobs}queue", {f"job{job}": job})
            else:
                nodes.rpush("{jobs}queue", f"job{job}")

    def consume():
        while True:
            if kind == "list":
                found = nodes.blpop(["{jobs}none", "{jobs}queue"], 2)
                job = found and found[1]
            elif kind == "sorted set":
                found = nodes.bzpopmin(["{jobs}none", "{jobs}queue"], 2)
                job = found and found[1]
            else:
                job = nodes.blmove("{jobs}queue", "{jobs}done", 2, "LEFT", "RIGHT")
            if job is None:
                return
            done[job] += 1

    produced = [lambda number=number: produce(number) for number in range(PRODUCERS)]
    together(*[consume] * CONSUMERS, *produced)
    assert done == Counter({f"job{job}".encode(): 1 for job in range(JOBS)})
    assert nodes.llen("{jobs}done") == (JOBS if kind == "moved" else 0)


def test_transactions_that_watch_lose_no_update(nodes):
    owner = nodes.get_redis_connection(nodes.get_node_from_key("{n}sum"))
    address = owner.connection_pool.connection_kwargs

    def add():
        with redis.Redis(host=address["host"], port=address["port"]) as client:
            for _ in range(200):
                with client.pipeline() as pipe:
                    while True:
                        try:
                            pipe.watch("{n}sum")
                            value = int(pipe.get("{n}sum") or 0)
                            pipe.multi()
                            pipe.set("{n}sum", value + 1)
                            pipe.rpush("{n}log", value)
                            pipe.execute()
                            break
                        except redis.WatchError:
                            continue

    together(*[add] * 4)
    assert nodes.get("{n}sum") == b"800"
    assert [int(value) for value in nodes.lrange("{n}log", 0, -1)] == list(range(800))


def test_subscribers_get_every_message_in_order(nodes, up):
    with redis.Redis(port=up.node_ports[0]) as client:
        subscribers = [client.pubsub(ignore_subscribe_messages=True) for _ in range(4)]
        for subscriber in subscribers[:2]:
            subscriber.subscribe("news")
        for subscriber in subscribers[2:]:
            subscriber.psubscribe("n?ws")
        deadline = time.monotonic() + PATIENCE_S
        while client.publish("news", "first") < 4:
            assert time.monotonic() < deadline, "the subscriptions do not arrive"

        def send():
            for number in range(1_000):
                assert client.publish("news", number) == 4

        def receive(subscriber):
            expected, deadline = 0, time.monotonic() + PATIENCE_S
            while expected < 1_000:
                # None also for an answer to subscribing.
                message = subscriber.get_message(timeout=1)
                assert time.monotonic() < deadline, "a message is lost"
                if message and message["data"] != b"first":
                    assert message["data"] == str(expected).encode()
                    expected += 1

        together(send, *[lambda subscriber=subscriber: receive(subscriber) for subscriber in subscribers])
        for subscriber in subscribers:
            subscriber.close()
