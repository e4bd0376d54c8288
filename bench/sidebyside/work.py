"""The rows of the tables: what redis-benchmark does in each, and what must hold afterwards."""

from dataclasses import dataclass, field

from .resp import Client, command, key_of, value_of

VALUE_BYTES = 64
BIG_BYTES = 1024
BIG_PREFIX = b"big:"
# Keys looked at after each run.
SAMPLE = 200


@dataclass(frozen=True)
class Sizes:
    """How much work: requests by pipeline depth, and keys."""

    keys: int
    big_keys: int
    requests: dict


FULL = Sizes(keys=1_000_000, big_keys=100_000, requests={1: 150_000, 16: 1_200_000, 64: 2_000_000})
QUICK = Sizes(keys=20_000, big_keys=2_000, requests={1: 5_000, 16: 20_000, 64: 40_000})


@dataclass(frozen=True)
class Row:
    """One line of a table."""

    name: str
    depth: int
    # Arguments of redis-benchmark that choose the command.
    arguments: tuple
    # Highest CPU ratio to the peer that the project wants; None: not promised.
    aim: float | None = None
    # Share of the usual number of requests, for commands that cost many times a GET.
    share: float = 1.0
    # A key that the command builds up: removed before each run.
    built: bytes | None = None
    # What asks for the size of `built`, and whether that size is the number of requests exactly.
    size_command: bytes | None = None
    exact: bool = False
    # It stores redis-benchmark's value in `key:…` keys.
    writes: bool = False
    # It reads the 1 KiB keys.
    big: bool = False


def _string_rows(aims):
    rows = []
    for depth, aim in aims.items():
        rows.append(Row(f"GET P={depth}", depth, ("-t", "get"), aim))
        rows.append(Row(f"SET P={depth}", depth, ("-t", "set"), aim, writes=True))
    return rows


NODE_ROWS = _string_rows({1: 1.0, 16: 0.7, 64: 0.6})
PROXY_ROWS = _string_rows({1: 1.0, 16: 0.6, 64: 0.35})
OTHER_ROWS = [
    Row("PING P=16", 16, ("-t", "ping_mbulk")),
    Row("INCR P=16", 16, ("-t", "incr")),
    Row("LPUSH P=16", 16, ("-t", "lpush"), built=b"mylist", size_command=b"LLEN", exact=True),
    Row("SADD P=16", 16, ("-t", "sadd"), built=b"myset", size_command=b"SCARD"),
    Row("HSET P=16", 16, ("-t", "hset"), built=b"myhash", size_command=b"HLEN"),
    Row("ZADD P=16", 16, ("-t", "zadd"), share=0.5, built=b"myzset", size_command=b"ZCARD"),
    Row("MSET(10) P=16", 16, ("-t", "mset"), share=0.2, writes=True),
    Row("GET 1 KiB P=16", 16, ("GET", "big:__rand_int__"), share=0.5, big=True),
]


@dataclass
class Expectation:
    """What the `key:…` keys may hold: what fill() stored, or the one value redis-benchmark writes."""

    keys: int
    # Known after the first run that writes; the same for all servers.
    written: bytes | None = None
    # Servers that have been written to, by label.
    touched: set = field(default_factory=set)

    def check(self, label, port, row):
        """Reads some keys back; returns None or what is wrong."""
        if row.writes:
            self.touched.add(label)
        step = max(1, self.keys // SAMPLE)
        numbers = range(0, self.keys, step)
        with Client(port) as client:
            found = client.pipeline([command(b"GET", key_of(n)) for n in numbers])
        changed = 0
        for number, value in zip(numbers, found):
            if value == value_of(number, VALUE_BYTES):
                continue
            if label not in self.touched or value is None or len(value) != VALUE_BYTES:
                return f"{key_of(number)!r} holds {value!r}"
            self.written = self.written or value
            if value != self.written:
                return f"{key_of(number)!r} holds {value!r}"
            changed += 1
        if row.writes and changed == 0:
            return "no key was written"
        return None


def prepare(row, port):
    """Removes what an earlier run of the row built."""
    if row.built:
        with Client(port, timeout_s=120) as client:
            client.call(b"DEL", row.built)


def check_built(row, port, requests):
    """Whether the key that the row builds up has a possible size; None or what is wrong."""
    if not row.built:
        return None
    with Client(port) as client:
        size = client.call(row.size_command, row.built)
    if size <= 0 or size > requests or (row.exact and size < requests):
        return f"{row.built.decode()} has {size} elements after {requests} requests"
    return None
