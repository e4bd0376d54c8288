"""redis-py's streams against a whole cluster: entries, groups, and consumers that share work and fail."""

import threading
from collections import Counter

from test_redis_py import BLOBS, EVERY_BYTE

MESSAGES = 3_000
PRODUCERS = 3
CONSUMERS = 4
BATCH = 20


def test_entries_keep_every_byte_and_their_order(client):
    fields = {blob: blob[::-1] for blob in BLOBS}
    ids = [client.xadd(EVERY_BYTE, fields) for _ in range(3)]
    assert ids == sorted(ids)
    assert client.xlen(EVERY_BYTE) == 3
    assert client.xrange(EVERY_BYTE) == [(entry, fields) for entry in ids]
    assert client.xrevrange(EVERY_BYTE, count=1) == [(ids[2], fields)]
    assert news(client.xread({EVERY_BYTE: ids[0]}, count=1)) == [(ids[1], fields)]
    assert client.xread({EVERY_BYTE: "$"}) in ([], {})
    assert client.xdel(EVERY_BYTE, ids[0], "1-1") == 1
    assert client.xtrim(EVERY_BYTE, maxlen=1, approximate=False) == 1
    assert [entry for entry, _ in client.xrange(EVERY_BYTE)] == ids[2:]
    assert client.delete(EVERY_BYTE) == 1


def test_what_a_stream_tells_of_itself_is_understood(client):
    for number in range(4):
        client.xadd("stream", {"number": number}, id=f"{number + 1}-0")
    assert client.xgroup_create("stream", "group", id="0")
    assert client.xgroup_createconsumer("stream", "group", "idle") == 1
    client.xreadgroup("group", "busy", {"stream": ">"}, count=3)
    assert client.xack("stream", "group", "1-0") == 1
    info = client.xinfo_stream("stream")
    assert (info["length"], info["groups"], info["last-generated-id"]) == (4, 1, b"4-0")
    assert info["first-entry"] == (b"1-0", {b"number": b"0"})
    (group,) = client.xinfo_groups("stream")
    assert (group["name"], group["consumers"], group["pending"], group["lag"]) == (b"group", 2, 2, 1)
    consumers = client.xinfo_consumers("stream", "group")
    assert [(one["name"], one["pending"]) for one in consumers] == [(b"busy", 2), (b"idle", 0)]
    pending = client.xpending("stream", "group")
    assert (pending["pending"], pending["min"], pending["max"]) == (2, b"2-0", b"3-0")
    found = client.xpending_range("stream", "group", "-", "+", 10)
    assert [(one["message_id"], one["consumer"], one["times_delivered"]) for one in found] == [
        (b"2-0", b"busy", 1),
        (b"3-0", b"busy", 1),
    ]
    assert client.xclaim("stream", "group", "idle", 0, ["2-0"]) == [(b"2-0", {b"number": b"1"})]
    cursor, claimed, gone = client.xautoclaim("stream", "group", "idle", 0, "3-0")
    assert (cursor, claimed, gone) == (b"0-0", [(b"3-0", {b"number": b"2"})], [])
    full = client.xinfo_stream("stream", full=True)
    assert [entry for entry, _ in full["entries"].items()] == [b"1-0", b"2-0", b"3-0", b"4-0"]


def test_consumers_that_fail_lose_and_double_no_message(client):
    """Every consumer drops each third batch unacknowledged, as if it had died; the others claim what is left."""
    client.xgroup_create("jobs", "workers", id="0", mkstream=True)
    done, failures = Counter(), []
    lock = threading.Lock()

    def produce(number):
        for message in range(number, MESSAGES, PRODUCERS):
            client.xadd("jobs", {"message": message})

    def consume(number):
        batches, cursor = 0, b"0-0"
        while len(done) < MESSAGES:
            batches += 1
            batch = news(client.xreadgroup("workers", f"worker-{number}", {"jobs": ">"}, count=BATCH))
            if batch and batches % 3 == 0:
                continue
            if not batch:
                cursor, batch, _ = client.xautoclaim("jobs", "workers", f"worker-{number}", 0, cursor, count=BATCH)
            for entry, fields in batch:
                # Several may work on a claimed message, but one acknowledges it: that counts as done.
                if client.xack("jobs", "workers", entry):
                    with lock:
                        done[fields[b"message"]] += 1

    def watched(work, number):
        try:
            work(number)
        except Exception as failure:
            failures.append(failure)
            done.update(str(missing) for missing in range(MESSAGES))

    work = [(produce, number) for number in range(PRODUCERS)] + [(consume, number) for number in range(CONSUMERS)]
    threads = [threading.Thread(target=watched, args=part) for part in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert done == Counter({str(message).encode(): 1 for message in range(MESSAGES)})
    assert client.xpending("jobs", "workers")["pending"] == 0
    (group,) = client.xinfo_groups("jobs")
    assert (group["lag"], group["entries-read"]) == (0, MESSAGES)


def news(reply):
    """The entries of a reply of XREAD or XREADGROUP for one stream: a map in RESP3, and nested once more by redis-py."""
    if not reply:
        return []
    ((_, entries),) = reply.items() if isinstance(reply, dict) else reply
    return entries[0] if entries and isinstance(entries[0], list) else entries
