"""Runs a server under callgrind and asks it fixed sequences of requests."""

import re
import subprocess
import time
from dataclasses import dataclass
from typing import Callable

from .processes import BenchError
from .resp import Client, ReplyError, command, fill, key_of, value_of

KEYS = 10_000
VALUE_BYTES = 64
# Collections that are read as a whole: keys of each kind, and elements.
COLLECTIONS = 50
FIELDS, MEMBERS = 20, 100
# Elements of the collections that grow or are used up: far past every packed encoding.
BIG_MEMBERS = 12_000
WARM_UP = 256
IDLE_S = 3
TOOL_S_MAX = 60
# Multiplier of a full-period walk over the keys, so that each is as likely and none is next to the last.
STRIDE = 7_919


def key_number(index):
    return index * STRIDE % KEYS


@dataclass(frozen=True)
class Sequence:
    """Requests of one kind, and what is right to answer."""

    name: str
    depth: int
    requests: int
    # The request by its index, and whether a reply to it is right.
    request: Callable
    right: Callable


def _get(index):
    return command("GET", key_of(key_number(index)))


def _got(index, reply):
    return reply == value_of(key_number(index), VALUE_BYTES)


def _set(index):
    return command("SET", key_of(key_number(index)), value_of(key_number(index), VALUE_BYTES))


def _ok(_index, reply):
    return reply == b"OK"


def _ten(index):
    return [key_number(index * 10 + more) for more in range(10)]


def _mset(index):
    return command("MSET", *(part for n in _ten(index) for part in (key_of(n), value_of(n, VALUE_BYTES))))


def _member(index):
    """One that is not there yet: the warm-up's indices are the first of the run's too."""
    return f"new:{index * STRIDE % 1_000_003:012d}"


def _collection(kind, index):
    return f"{kind}:{index * STRIDE % COLLECTIONS:04d}"


def _long(length):
    return lambda _index, reply: isinstance(reply, list) and len(reply) == length


def _number(_index, reply):
    return isinstance(reply, int)


def _something(_index, reply):
    return isinstance(reply, bytes)


SEQUENCES = [
    Sequence("GET P=1", 1, 2_048, _get, _got),
    Sequence("SET P=1", 1, 2_048, _set, _ok),
    Sequence("GET P=64", 64, 8_192, _get, _got),
    Sequence("SET P=64", 64, 8_192, _set, _ok),
    Sequence("PING P=16", 16, 4_096, lambda _: command("PING"), lambda _, reply: reply == b"PONG"),
    Sequence("GET P=16", 16, 4_096, _get, _got),
    Sequence("SET P=16", 16, 4_096, _set, _ok),
    Sequence("INCR P=16", 16, 4_096, lambda index: command("INCR", f"counter:{key_number(index):012d}"), _number),
    Sequence("MGET(10) P=16", 16, 1_024, lambda index: command("MGET", *map(key_of, _ten(index))),
             lambda index, reply: reply == [value_of(number, VALUE_BYTES) for number in _ten(index)]),
    Sequence("MSET(10) P=16", 16, 1_024, _mset, _ok),
    Sequence("LPUSH P=16", 16, 4_096, lambda index: command("LPUSH", "big-list", value_of(index, VALUE_BYTES)), _number),
    Sequence("SADD P=16", 16, 4_096, lambda index: command("SADD", "big-set", _member(index)), _number),
    Sequence("HSET P=16", 16, 4_096, lambda index: command("HSET", "big-hash", _member(index), value_of(index, VALUE_BYTES)),
             _number),
    Sequence("ZADD P=16", 16, 4_096,
             lambda index: command("ZADD", "big-sorted-set", index * STRIDE % 1_000_003, _member(index)), _number),
    Sequence("SPOP P=16", 16, 4_096, lambda _: command("SPOP", "used-set"), _something),
    Sequence("ZPOPMIN P=16", 16, 4_096, lambda _: command("ZPOPMIN", "used-sorted-set"), _long(2)),
    Sequence("LRANGE_100 P=16", 16, 512, lambda index: command("LRANGE", _collection("list", index), 0, 99), _long(MEMBERS)),
    Sequence("HGETALL(20) P=16", 16, 512, lambda index: command("HGETALL", _collection("hash", index)), _long(2 * FIELDS)),
    Sequence("ZRANGE_100 P=16", 16, 512, lambda index: command("ZRANGE", _collection("sorted-set", index), 0, 99),
             _long(MEMBERS)),
    Sequence("SMEMBERS_100 P=16", 16, 512, lambda index: command("SMEMBERS", _collection("set", index)), _long(MEMBERS)),
]


def fill_all(port):
    """Everything that the sequences read, add to, or use up."""
    fill(port, KEYS, VALUE_BYTES)
    commands = [command("SET", f"counter:{number:012d}", number) for number in range(KEYS)]
    members = [key_of(number, b"mem:") for number in range(BIG_MEMBERS)]
    scored = [(number * STRIDE % BIG_MEMBERS, member) for number, member in enumerate(members)]
    for start in range(0, BIG_MEMBERS, 500):
        part, scores = members[start : start + 500], scored[start : start + 500]
        flat = [field for pair in scores for field in pair]
        commands += [command("SADD", name, *part) for name in ("big-set", "used-set")]
        commands += [command("ZADD", name, *flat) for name in ("big-sorted-set", "used-sorted-set")]
        commands.append(command("HSET", "big-hash", *(field for member in part for field in (member, member))))
        commands.append(command("RPUSH", "big-list", *part))
    for number in range(COLLECTIONS):
        few = [f"m:{member:02d}" for member in range(MEMBERS)]
        commands.append(command("SADD", f"set:{number:04d}", *few))
        commands.append(command("ZADD", f"sorted-set:{number:04d}", *(part for pair in enumerate(few) for part in pair)))
        commands.append(command("RPUSH", f"list:{number:04d}", *(value_of(index, VALUE_BYTES) for index in range(MEMBERS))))
        pairs = ((f"f:{field:02d}", f"v{field}") for field in range(FIELDS))
        commands.append(command("HSET", f"hash:{number:04d}", *(part for pair in pairs for part in pair)))
    with Client(port, timeout_s=TOOL_S_MAX) as client:
        client.pipeline(commands)


def send(client, sequence, first, count):
    """Sends `count` requests from index `first` on, `depth` under way at once, and checks every reply."""
    for start in range(first, first + count, sequence.depth):
        indices = range(start, start + sequence.depth)
        client.socket.sendall(b"".join(sequence.request(index) for index in indices))
        for index in indices:
            reply = client.reply()
            if not sequence.right(index, reply):
                raise BenchError(f"{sequence.name}: request {sequence.request(index)[:100]!r} gave {reply!r}")


class Callgrind:
    """A server under callgrind, which counts only when told to."""

    def __init__(self, stage, label, argv, port):
        self.directory = stage.directory / f"callgrind-{label}"
        self.directory.mkdir()
        out = f"--callgrind-out-file={self.directory}/callgrind.out"
        # Addresses that do not change from run to run, as far as the system has a say.
        tool = ["setarch", "-R", "valgrind", "--tool=callgrind", "--separate-threads=yes", "--instr-atstart=no", out]
        self.server = stage.start(label, [*tool, *argv], port, None)

    def _control(self, *argv):
        pid = str(self.server.pid)
        result = subprocess.run(["callgrind_control", *argv, pid], capture_output=True, text=True, timeout=TOOL_S_MAX)
        if result.returncode != 0:
            raise BenchError(f"callgrind_control {' '.join(argv)}: {(result.stderr + result.stdout).strip()}")

    def count(self, sequence):
        """Instructions per request, and callgrind's file of them."""
        with Client(self.server.port, timeout_s=TOOL_S_MAX) as client:
            self._control("--instr=on")
            send(client, sequence, 0, WARM_UP)
            self._control("--zero")
            send(client, sequence, WARM_UP, sequence.requests)
            # The thread that serves the connection. Others do what comes by the clock, which valgrind slows down.
            total, dump = max(self._collect(), key=lambda found: found[0])
        return total / sequence.requests, dump

    def count_idle(self):
        """Instructions per second of a server that nobody asks anything, and callgrind's file of the busiest thread."""
        self._control("--instr=on")
        since = time.monotonic()
        time.sleep(IDLE_S)
        elapsed = time.monotonic() - since
        found = self._collect()
        return sum(total for total, _ in found) / elapsed, max(found, key=lambda each: each[0])[1]

    def without_background(self):
        """Switches off what comes by the clock in the thread that serves; returns an error's text."""
        with Client(self.server.port) as client:
            try:
                client.call("DEBUG", "SET-ACTIVE-EXPIRE", 0)
            except ReplyError as error:
                return str(error)
        return None

    def _collect(self):
        """[(what a thread counted since the last zero, the file that says where)]; counts no longer."""
        before = set(self.directory.glob("callgrind.out*"))
        self._control("--dump")
        self._control("--instr=off")
        found = []
        for dump in self._new(before):
            totals = re.findall(r"^(?:totals|summary): (\d+)", dump.read_text(errors="replace"), re.MULTILINE)
            if totals:
                found.append((max(map(int, totals)), dump))
        if not found:
            raise BenchError("no totals in what callgrind wrote")
        return found

    def _new(self, before):
        """The files that the dump made, one for each thread: all are there when the first is seen after the command."""
        until = time.monotonic() + TOOL_S_MAX
        while time.monotonic() < until:
            new = set(self.directory.glob("callgrind.out*-*")) - before
            if new:
                return sorted(new)
            time.sleep(0.05)
        raise BenchError("callgrind wrote no dump")


def functions(dump, most):
    """The most expensive functions by their own instructions, what was inlined into them included."""
    argv = ["callgrind_annotate", "--auto=no", "--threshold=100", str(dump)]
    text = subprocess.run(argv, capture_output=True, text=True, timeout=TOOL_S_MAX).stdout
    by_name = {}
    for instructions, place in re.findall(r"^\s*([\d,]+) +\([ \d.]+%\)\s+(\S.*)$", text, re.MULTILINE):
        name = re.sub(r" \[[^]]*\]$", "", place)
        if name == "PROGRAM TOTALS":
            continue
        name = name.partition(":")[2] or name
        by_name[name] = by_name.get(name, 0) + int(instructions.replace(",", ""))
    ranked = sorted(by_name.items(), key=lambda item: -item[1])[:most]
    total = sum(by_name.values())
    return [f"{own:>12,} {own / total:6.1%}  {name[:100]}" for name, own in ranked]
