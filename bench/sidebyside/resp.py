"""A small RESP2 client: enough to fill servers, to check values, and to ask for INFO.

It is not a load generator for timings: that is redis-benchmark.
"""

import socket


class ReplyError(Exception):
    """An error reply, with its text."""


class Client:
    """One blocking connection. Every wait is bounded by `timeout_s`."""

    def __init__(self, port, timeout_s=30):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = self.socket.makefile("rb", buffering=1 << 16)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.reader.close()
        self.socket.close()

    def call(self, *args):
        """The reply to one command; an error reply raises ReplyError."""
        self.socket.sendall(command(*args))
        return self.reply()

    def reply(self):
        """The next reply: bytes, int, None or a list of these."""
        line = self.reader.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("the server closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest
        if kind == b"-":
            raise ReplyError(rest.decode(errors="replace"))
        if kind == b":":
            return int(rest)
        if kind == b"$":
            length = int(rest)
            if length < 0:
                return None
            data = self.reader.read(length + 2)
            if len(data) != length + 2:
                raise ConnectionError("the server closed the connection")
            return data[:-2]
        if kind == b"*":
            return None if rest == b"-1" else [self.reply() for _ in range(int(rest))]
        raise ReplyError(f"not RESP2: {line!r}")

    def pipeline(self, commands, expected=None, batch=64):
        """Replies to encoded commands, `batch` under way at once. With `expected`, each must be that line."""
        replies = []
        for start in range(0, len(commands), batch):
            part = commands[start : start + batch]
            self.socket.sendall(b"".join(part))
            if expected is None:
                replies.extend(self.reply() for _ in part)
                continue
            want = expected * len(part)
            got = self.reader.read(len(want))
            if got != want:
                raise ReplyError(f"expected {expected!r}, got {got[:200]!r}")
        return replies


def command(*args):
    """A request as it goes over the wire."""
    parts = [b"*%d\r\n" % len(args)]
    for arg in args:
        data = arg if isinstance(arg, bytes) else str(arg).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
    return b"".join(parts)


def key_of(number, prefix=b"key:"):
    """The key redis-benchmark makes of `key:__rand_int__`: 16 bytes."""
    return b"%s%012d" % (prefix, number)


def value_of(number, size):
    """The value that fill() stores: differs from key to key."""
    unit = b"v%012d." % number
    return (unit * (size // len(unit) + 1))[:size]


def fill(port, keys, size=64, prefix=b"key:"):
    """Stores `keys` strings of `size` bytes, then checks some of them."""
    with Client(port) as client:
        for start in range(0, keys, 4096):
            numbers = range(start, min(start + 4096, keys))
            commands = [command(b"SET", key_of(n, prefix), value_of(n, size)) for n in numbers]
            client.pipeline(commands, expected=b"+OK\r\n")
        for number in range(0, keys, max(1, keys // 50)):
            found = client.call(b"GET", key_of(number, prefix))
            if found != value_of(number, size):
                raise ReplyError(f"after filling, {key_of(number, prefix)!r} holds {found!r}")


def info(port, section):
    """INFO's fields of one section."""
    with Client(port) as client:
        lines = client.call(b"INFO", section).decode().split("\r\n")
    return dict(line.split(":", 1) for line in lines if ":" in line)
