"""Hit ratio of a cache: GET of Zipf(0.99) keys, SET after each miss, with room for a tenth of the keys.

The room is the same number of bytes for everybody: what this system's redis-server uses for a tenth of the keys. The
trace is the same for each server, and so is its rate: the servers' clocks of last use are coarse, and a faster trace
would be another trace for them.
"""

from .bench import Part
from .figures import Figure
from .memory import used_memory
from .processes import BenchError
from .report import table

POLICIES = ("allkeys-lru", "allkeys-lfu")
SHARE = 0.1
# Points of hit ratio below the peer that the project accepts.
BEHIND_MAX = 0.5


def byte_limit(bench, contender):
    """What the server uses for a tenth of the keys, itself included."""
    with bench.stage() as stage:
        server = contender.start(stage, bench.cores.server)
        bench.load.fill(server.port, int(bench.sizes.hits_keys * SHARE))
        return used_memory(server)


def measure(bench, contender, policy, limit):
    """Hit ratio, and used_memory at the end."""
    sizes = bench.sizes
    with bench.stage() as stage:
        server = contender.start(stage, bench.cores.server, ["--maxmemory", limit, "--maxmemory-policy", policy])
        found = bench.load.run("cache", server.port, keys=sizes.hits_keys, requests=sizes.hits_requests,
                               rate=sizes.hits_per_s, seed=1)
        used = used_memory(server)
    asked = found["hits"] + found["misses"]
    if asked != sizes.hits_requests:
        raise BenchError(f"{contender.label}: {asked} answers to {sizes.hits_requests} requests")
    ratio = found["hits"] / asked
    bench.say(f"{policy} {contender.label:<14} {ratio:.2%} hits, {used / limit:.3f} of the limit, {found['seconds']:.0f} s")
    return {"hit_ratio": ratio, "used": used, "seconds": found["seconds"]}


def run(bench):
    """Both policies on our builds and this system's redis-server, the first of the peers."""
    peer = bench.peers[0]
    limit = byte_limit(bench, peer)
    raw = {policy: {} for policy in POLICIES}
    for policy in POLICIES:
        for contender in [peer, *bench.ours]:
            raw[policy][contender.label] = measure(bench, contender, policy, limit)
    tables, figures = [], []
    for label in bench.builds:
        text, found = _table(bench, raw, limit, label, peer.label)
        tables.append(text)
        figures = figures or found
    return Part({"limit": limit, **raw}, tables, figures)


def _table(bench, raw, limit, label, peer):
    lines, figures = [], []
    for policy, by_label in raw.items():
        ours, theirs = by_label[label], by_label[peer]
        behind = (theirs["hit_ratio"] - ours["hit_ratio"]) * 100
        # A server that keeps more than it may has no hit ratio to speak of.
        over = ours["used"] > limit * 1.05
        figure = Figure(f"{policy}: behind {peer}", "points", 100.0 if over else behind, BEHIND_MAX)
        figures.append(figure)
        told = [f"{each['hit_ratio']:.2%}" for each in (ours, theirs)]
        if over:
            told[0] += f", but {ours['used'] / limit:.1f} × the limit"
        lines.append([policy, *told, f"{-behind:+.2f} points", f"≥ −{BEHIND_MAX}", figure.verdict])
    sizes = bench.sizes
    text = [
        f"### Hit ratio: Zipf(0.99) over {sizes.hits_keys:,} keys, {sizes.hits_requests:,} requests, room for a tenth", "",
        table(["", label, peer, "difference", "aim", "met"], lines), "",
        f"`maxmemory` {limit:,} bytes for both: what {peer} uses for {int(sizes.hits_keys * SHARE):,} keys of 16 B with 64 B.",
    ]
    return "\n".join(text), figures
