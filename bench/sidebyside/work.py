"""The rows of the tables: what redis-benchmark does in each, and what must hold afterwards."""

from dataclasses import dataclass, field

from .resp import Client, command, key_of, value_of

VALUE_BYTES = 64
BIG_BYTES = 1024
BIG_PREFIX = b"big:"
# Elements of the collections that are read as a whole, by the kind of the key.
COLLECTIONS = {"hash": 20, "sorted-set": 100, "set": 100, "list": 100}
# Keys looked at after each run.
SAMPLE = 200


@dataclass(frozen=True)
class Sizes:
    """How much work: keys, requests of redis-benchmark by pipeline depth, and what the other parts need."""

    keys: int
    big_keys: int
    # Keys of each kind in COLLECTIONS.
    collections: int
    requests: dict
    # Numbers of keys at which memory is looked at; peers only at the first.
    memory_keys: tuple
    # Keys inserted, and keys expired, while latencies are taken; the highest number of inserts per second.
    tail_inserted: int
    tail_expiring: int
    tail_inserts_per_s: int
    # Requests that tell how much a server can serve at depth 1.
    tail_capacity_requests: int
    # Requests of one run with one or two threads.
    threads_requests: int
    idle_connections: int
    idle_s: float
    # Requests of the cache trace, its keys, and its rate.
    hits_requests: int
    hits_keys: int
    hits_per_s: int


FULL = Sizes(
    keys=1_000_000, big_keys=100_000, collections=2_000,
    requests={1: 120_000, 16: 960_000, 64: 1_280_000},
    memory_keys=(1_000_000, 700_000, 1_400_000),
    tail_inserted=10_000_000, tail_expiring=1_000_000, tail_inserts_per_s=400_000, tail_capacity_requests=150_000,
    threads_requests=640_000,
    idle_connections=10_000, idle_s=5.0,
    hits_requests=10_000_000, hits_keys=1_000_000, hits_per_s=450_000,
)
QUICK = Sizes(
    keys=20_000, big_keys=2_000, collections=200,
    requests={1: 3_200, 16: 16_000, 64: 32_000},
    memory_keys=(20_000,),
    tail_inserted=50_000, tail_expiring=10_000, tail_inserts_per_s=100_000, tail_capacity_requests=5_000,
    threads_requests=16_000,
    idle_connections=200, idle_s=0.5,
    hits_requests=100_000, hits_keys=200_000, hits_per_s=200_000,
)


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
    # A key that the command builds up, or uses up: removed before each run.
    built: str | None = None
    # What asks for the size of `built`, and whether that size is known exactly.
    size_command: str | None = None
    exact: bool = False
    # Kind of `built` when the command uses it up: it is filled with half as many members more than there are requests.
    used_up: str | None = None
    # It stores redis-benchmark's value in `key:…` keys.
    writes: bool = False
    # Which keys: "key" with 64 B, "big" with 1 KiB, or one of COLLECTIONS.
    keys: str = "key"
    # Bytes of the values that it writes.
    value_bytes: int = VALUE_BYTES

    def requests(self, sizes):
        """A multiple of the depth, so that redis-benchmark sends exactly that many."""
        return max(1, int(sizes.requests[self.depth] * self.share) // self.depth) * self.depth

    def key_count(self, sizes):
        """How many keys it chooses from."""
        return {"key": sizes.keys, "big": sizes.big_keys}.get(self.keys, sizes.collections)


def _string_rows(aims):
    rows = []
    for depth, aim in aims.items():
        rows.append(Row(f"GET P={depth}", depth, ("-t", "get"), aim))
        rows.append(Row(f"SET P={depth}", depth, ("-t", "set"), aim, writes=True))
    return rows


def _read(name, kind, *command):
    """A row that reads a whole collection of one kind; what follows the key comes last."""
    return Row(name, 16, (command[0], f"{kind}:__rand_int__", *command[1:]), 0.7, share=0.1, keys=kind)


BIG_SET = ("SET", "big:__rand_int__", "x" * BIG_BYTES)
BIG_GET = ("GET", "big:__rand_int__")
TEN_KEYS = ("key:__rand_int__",) * 10
NODE_ROWS = [
    Row("PING P=1", 1, ("-t", "ping_mbulk"), 0.95),
    Row("GET P=1", 1, ("-t", "get"), 0.95),
    Row("SET P=1", 1, ("-t", "set"), 0.95, writes=True),
    Row("GET 1 KiB P=1", 1, BIG_GET, 0.95, keys="big"),
    Row("SET 1 KiB P=1", 1, BIG_SET, 0.95, keys="big"),
    Row("GET P=16", 16, ("-t", "get"), 0.7),
    Row("GET P=64", 64, ("-t", "get"), 0.5),
    Row("SET P=16", 16, ("-t", "set"), 0.6, writes=True),
    Row("SET P=64", 64, ("-t", "set"), 0.4, writes=True),
    Row("INCR P=16", 16, ("-t", "incr"), 0.6),
    Row("INCR P=64", 64, ("-t", "incr"), 0.4),
    Row("LPUSH P=16", 16, ("-t", "lpush"), 0.7, built="mylist", size_command="LLEN", exact=True),
    Row("SADD P=16", 16, ("-t", "sadd"), 0.7, built="myset", size_command="SCARD"),
    Row("HSET P=16", 16, ("-t", "hset"), 0.7, share=0.8, built="myhash", size_command="HLEN"),
    Row("ZADD P=16", 16, ("-t", "zadd"), 0.7, share=0.5, built="myzset", size_command="ZCARD"),
    Row("SPOP P=16", 16, ("-t", "spop"), 0.7, share=0.5, built="myset", size_command="SCARD", exact=True, used_up="big-set"),
    Row("ZPOPMIN P=16", 16, ("-t", "zpopmin"), 0.7, share=0.5, built="myzset", size_command="ZCARD", exact=True,
        used_up="big-sorted-set"),
    Row("MSET(10) P=16", 16, ("-t", "mset"), 0.5, share=0.1, writes=True),
    Row("MGET(10) P=16", 16, ("MGET", *TEN_KEYS), 0.5, share=0.1),
    _read("LRANGE_100 P=16", "list", "LRANGE", "0", "99"),
    _read("HGETALL(20) P=16", "hash", "HGETALL"),
    _read("ZRANGE_100 P=16", "sorted-set", "ZRANGE", "0", "99"),
    _read("SMEMBERS_100 P=16", "set", "SMEMBERS"),
    Row("GET 1 KiB P=16", 16, BIG_GET, 0.75, share=0.5, keys="big"),
    Row("SET 1 KiB P=16", 16, BIG_SET, 0.75, share=0.5, keys="big"),
]
PROXY_ROWS = _string_rows({1: 1.0, 16: 0.6, 64: 0.35})


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


def members_of(row, requests):
    """Members that `built` has before the run."""
    return requests + requests // 2 if row.used_up else 0


def prepare(row, port, load, requests):
    """Removes what an earlier run of the row left, and fills what the row uses up."""
    if row.built:
        with Client(port, timeout_s=120) as client:
            client.call("DEL", row.built)
    if row.used_up:
        load.fill(port, members_of(row, requests), row.used_up, row.built)


def check_built(row, port, requests):
    """Whether the key that the row builds up or uses up has a possible size; None or what is wrong."""
    if not row.built:
        return None
    with Client(port) as client:
        size = client.call(row.size_command, row.built)
    most = members_of(row, requests) - requests if row.used_up else requests
    if size <= 0 or size > most or (row.exact and size < most):
        return f"{row.built} has {size} elements after {requests} requests"
    return None
