"""Bytes per key of six data sets: a fresh process for each, at several numbers of keys."""

import time
from dataclasses import dataclass

from .bench import Part
from .figures import Figure
from .report import table
from .resp import ReplyError, info

# A peer may still be moving keys to a larger table, a little in each of its idle turns.
SETTLED_S_MAX = 12
SETTLED_SAMPLE_S = 0.5


@dataclass(frozen=True)
class DataSet:
    """Keys of one kind. Fields, members and values of collections are 2 to 4 bytes long."""

    name: str
    kind: str
    # Highest bytes of used_memory per key that the project wants.
    aim: float


DATA_SETS = [
    DataSet("64 B string", "string", 113),
    DataSet("64 B string with TTL", "expiring", 116),
    DataSet("integer string", "integer", 54),
    DataSet("hash, 5 small fields", "hash", 115),
    DataSet("sorted set, 5 small members", "sorted-set", 105),
    DataSet("set, 5 small members", "set", 100),
]


def used_memory(server, settled=True):
    """The field of INFO memory, if need be once it has stopped changing; None when the server does not tell it."""
    last, until = None, time.monotonic() + SETTLED_S_MAX
    while time.monotonic() < until:
        try:
            fields = info(server.port, b"memory")
        except ReplyError:
            return None
        used = int(fields["used_memory"]) if "used_memory" in fields else None
        if used is None or not settled or (last is not None and abs(used - last) <= used // 10_000):
            return used
        last = used
        time.sleep(SETTLED_SAMPLE_S)
    return last


def measure(bench, contender, data_set, keys):
    """Bytes per key of a fresh server: used_memory and resident, the empty server's subtracted."""
    with bench.stage() as stage:
        server = contender.start(stage, bench.cores.server)
        used_empty, rss_empty = used_memory(server, settled=False), server.rss_bytes()
        # No key of this data set expires while it is looked at.
        more = {"at_ms": (int(time.time()) + 86_400) * 1_000} if data_set.kind == "expiring" else {}
        bench.load.fill(server.port, keys, data_set.kind, **more)
        used, rss = used_memory(server), server.rss_bytes()
    found = {
        "used_per_key": None if used is None or used_empty is None else (used - used_empty) / keys,
        "rss_per_key": (rss - rss_empty) / keys,
        "rss_empty": rss_empty,
    }
    told = "not told" if found["used_per_key"] is None else f"{found['used_per_key']:.1f} B"
    bench.say(f"{data_set.name:<28} {keys:>9,} keys {contender.label:<14} {told}, resident {found['rss_per_key']:.1f} B")
    return found


def run(bench):
    """Every data set; the peers only at the first number of keys."""
    counts = bench.sizes.memory_keys
    sets = bench.chosen(DATA_SETS)
    if not sets:
        return Part({}, [])
    raw = {}
    for data_set in sets:
        for contender in bench.contenders:
            for keys in counts if contender.ours else counts[:1]:
                found = measure(bench, contender, data_set, keys)
                raw.setdefault(data_set.name, {}).setdefault(contender.label, {})[keys] = found
    tables, figures = [], []
    for label in bench.builds:
        text, found = _table(bench, raw, sets, label)
        tables.append(text)
        figures = figures or found
    return Part(raw, tables, figures)


def _table(bench, raw, sets, label):
    counts = sorted(bench.sizes.memory_keys)
    at = bench.sizes.memory_keys[0]
    lines, figures = [], []
    for data_set in sets:
        by_label = raw[data_set.name]
        ours = {keys: by_label[label][keys]["used_per_key"] for keys in counts}
        theirs = {name: by_label[name][at]["used_per_key"] for name in bench.peer_labels}
        cells = [_bytes(ours[keys]) for keys in counts] + [_bytes(theirs[name]) for name in theirs]
        resident = [f"{by_label[name][at]['rss_per_key']:.0f}" for name in (label, *theirs)]
        best = min((name for name in theirs if theirs[name]), key=lambda name: theirs[name])
        if None in ours.values():
            lines.append([data_set.name, *cells, "–", f"≤ {data_set.aim}", "–", " / ".join(resident)])
            continue
        worst = max(ours.values())
        figure = Figure(data_set.name, "B/key", worst, data_set.aim, theirs[best], best)
        figures.append(figure)
        lines.append([data_set.name, *cells, f"**{worst / theirs[best]:.2f}**", f"≤ {data_set.aim}", figure.verdict,
                      " / ".join(resident)])
    head = ["", *(f"{label}, {keys:,} keys" for keys in counts), *bench.peer_labels]
    head += ["worst / best peer", "aim", "met", f"resident: {' / '.join([label, *bench.peer_labels])}"]
    text = [
        "### Memory: bytes of `used_memory` per key of 16 B", "", table(head, lines), "",
        f"The empty server is subtracted; the peers and resident memory at {at:,} keys.",
    ]
    return "\n".join(text), figures


def _bytes(figure):
    return "not told" if figure is None else f"{figure:.1f}"
