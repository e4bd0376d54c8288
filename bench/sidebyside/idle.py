"""What costs without doing anything: connections that asked once, and a server that nobody asks."""

import socket
import time

from .bench import Part
from .figures import Figure
from .processes import BenchError, raise_file_limit
from .report import table
from .resp import Client, command

SETTLE_S_MAX = 5
SETTLE_SAMPLE_S = 0.25
CONNECT_S_MAX = 20
# Beside the idle connections: standard streams, and whoever asks meanwhile.
MORE_FILES = 200
KB_AIM, CORE_AIM = 2.5, 0.01


def settled_rss(server):
    """Resident bytes once they have stopped falling: buffers may be given back a moment later."""
    last, until = server.rss_bytes(), time.monotonic() + SETTLE_S_MAX
    while time.monotonic() < until:
        time.sleep(SETTLE_SAMPLE_S * 4)
        now = server.rss_bytes()
        if now >= last:
            return now
        last = now
    return last


def core_share(bench, server):
    """Share of a core that the server uses while nobody asks anything."""
    before, since = server.cpu_s(), time.monotonic()
    time.sleep(bench.sizes.idle_s)
    return (server.cpu_s() - before) / (time.monotonic() - since)


def connect(port, count):
    """Connections that were answered one PING each."""
    connections = []
    ping = command("PING")
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", port), timeout=CONNECT_S_MAX)
        connections.append(connection)
        connection.sendall(ping)
        answer = connection.recv(64)
        if answer != b"+PONG\r\n":
            raise BenchError(f"PING gave {answer!r} on connection {len(connections)}")
    return connections


def measure(bench, contender, count):
    """KB and share of a core of idle connections; then of a filled server with two threads and none."""
    with bench.stage() as stage:
        server = contender.start(stage, bench.cores.server, ["--maxclients", count + MORE_FILES // 2])
        before = settled_rss(server)
        connections = connect(server.port, count)
        try:
            rss = settled_rss(server)
            share = core_share(bench, server)
            with Client(server.port) as client:
                client.call("PING")
        finally:
            for connection in connections:
                connection.close()
    with bench.stage() as stage:
        both = f"{bench.cores.server},{bench.cores.load}"
        threads = ["--threads", 2] if contender.ours else ["--io-threads", 2]
        server = contender.start(stage, both, threads)
        bench.load.fill(server.port, bench.sizes.keys)
        # What was put off until the server is idle is work, not idleness.
        time.sleep(bench.sizes.idle_s / 5)
        filled = core_share(bench, server)
    found = {"kb": (rss - before) / count / 1024, "share": share, "filled_share": filled}
    bench.say(f"{contender.label:<14} {count:,} idle connections: {found['kb']:.2f} KB each, {share:.2%} of a core; "
              f"none, but {bench.sizes.keys:,} keys and two threads: {filled:.2%}")
    return found


def run(bench):
    """Every server once: resident memory and idle CPU do not depend on who else is there."""
    count = bench.sizes.idle_connections
    if raise_file_limit(count + MORE_FILES) < count + MORE_FILES:
        raise BenchError(f"{count:,} connections need as many open files: raise the limit (ulimit -Hn)")
    raw = {contender.label: measure(bench, contender, count) for contender in bench.contenders}
    tables, figures = [], []
    for label in bench.builds:
        text, found = _table(bench, raw, count, label)
        tables.append(text)
        figures = figures or found
    return Part(raw, tables, figures)


def _table(bench, raw, count, label):
    fields = [
        (f"{count:,} idle connections", "kb", "KB each", KB_AIM, lambda value: f"{value:.2f} KB"),
        (f"{count:,} idle connections", "share", "of a core", CORE_AIM, lambda value: f"{value:.2%}"),
        (f"idle, {bench.sizes.keys:,} keys, two threads", "filled_share", "of a core", CORE_AIM, lambda value: f"{value:.2%}"),
    ]
    lines, figures = [], []
    for name, field, unit, aim, tell in fields:
        best = min(bench.peer_labels, key=lambda peer: raw[peer][field])
        figure = Figure(name, unit, raw[label][field], aim, raw[best][field], best)
        figures.append(figure)
        lines.append([f"{name}: {unit}", *(tell(raw[each][field]) for each in (label, *bench.peer_labels)),
                      f"≤ {tell(aim)}", figure.verdict])
    text = [
        "### Idle: connections after one PING each, and a server that nobody asks", "",
        table(["", label, *bench.peer_labels, "aim", "met"], lines), "",
        f"Resident memory's growth divided by the connections; CPU time over {bench.sizes.idle_s:g} s.",
    ]
    return "\n".join(text), figures
