"""CPU per request of commands, on the node beside its peers, and on the proxy beside nutcracker."""

from . import report
from .bench import Part
from .measure import compare
from .work import NODE_ROWS, PROXY_ROWS

PEER_PROXY = "nutcracker"


def node(bench):
    """Every row of the node on every server, in turns."""
    rows = bench.chosen(NODE_ROWS)
    if not rows:
        return Part({}, [])
    with bench.stage() as stage:
        servers = [contender.start(stage, bench.cores.server) for contender in bench.contenders]
        samples = compare(bench, servers, rows)
    title = f"Node: {bench.sizes.keys:,} keys of 16 B, 64 B values, 50 clients, one core"
    found = [report.load_table(title, samples, rows, bench.peer_labels, label) for label in bench.builds]
    return Part(samples, [text for text, _ in found], found[0][1])


def proxy(bench):
    """GET and SET through the proxy and through nutcracker."""
    rows = bench.chosen(PROXY_ROWS)
    if not rows:
        return Part({}, [])
    with bench.stage() as stage:
        plain = [stage.redis(f"backend {index}", bench.cores.load) for index in range(3)]
        cluster = stage.redis_cluster(bench.cores.load)
        servers = [stage.nutcracker(PEER_PROXY, bench.cores.server, plain)]
        for label, path in bench.builds.items():
            servers.append(stage.slotwise_proxy(label, path, bench.cores.server, cluster[0].port))
        samples = compare(bench, servers, rows, plain + cluster)
    title = "Proxy: one thread on one core, three redis-servers and the load on the other"
    found = [report.load_table(title, samples, rows, [PEER_PROXY], label) for label in bench.builds]
    return Part(samples, [text for text, _ in found], found[0][1])
