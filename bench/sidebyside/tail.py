"""p99.9 of GET and SET at half load, while many keys are inserted and while many expire.

Half load is one rate for everybody: half of what the slowest server answers at depth 1, in this very run. Requests go
out by the clock, half of them GET, half SET, over 50 connections, and a latency counts from the moment at which the
request was due. In each turn every server is started anew.
"""

import time
from statistics import median

from .bench import Part
from .figures import Figure, best_of
from .processes import BenchError
from .report import table, turns_of
from .resp import Client

EXPIRING_PREFIX = "exp:"
# From the first expiring key that is stored to the first that expires; doubled when storing takes longer.
STORE_S = 4
STORE_ATTEMPTS = 4
# The last of the expiring keys lives this much longer than the first.
SPREAD_S = 1
# Latencies are taken from this long before the first key expires, and at most that long.
LEAD_S = 0.2
EXPIRE_S_MAX = 40
INSERT_S_MAX = 300
# A load that was itself later than this (p99 of the time from due to sent) tells nothing about the server.
LATE_MS_MAX = 1.0
KINDS = ("insert", "expire")


def capacity(bench, server):
    """Requests per second at depth 1."""
    found = bench.load.run("closed", server.port, keys=bench.sizes.keys, set_share=0.5,
                           requests=bench.sizes.tail_capacity_requests)
    rate = found["closed_replies"] / found["seconds"]
    bench.say(f"at depth 1 {server.label} answers {rate:,.0f}/s")
    return rate


def probe(bench, server, rate, **options):
    return bench.load.run("probe", server.port, keys=bench.sizes.keys, set_share=0.5, rate=rate, **options)


def while_expiring(bench, server, rate):
    """Latencies from just before the keys expire until all but a thousandth of them are gone."""
    sizes = bench.sizes
    for attempt in range(STORE_ATTEMPTS):
        first_s = time.time() + STORE_S * max(0.1, sizes.tail_expiring / 1_000_000) * 2**attempt
        bench.load.fill(server.port, sizes.tail_expiring, "expiring", EXPIRING_PREFIX, at_ms=int(first_s * 1_000))
        left_s = first_s - LEAD_S - time.time()
        if left_s > 0:
            break
    else:
        raise BenchError(f"{server.label}: storing {sizes.tail_expiring:,} keys took longer than they live")
    time.sleep(left_s)
    found = probe(bench, server, rate, seconds_max=EXPIRE_S_MAX, until_keys=sizes.keys + sizes.tail_expiring // 1_000)
    found["gone_s"] = found["seconds"] - LEAD_S - SPREAD_S if found["reached"] else None
    return found


def while_inserting(bench, server, rate):
    """Latencies from the first insert to the last."""
    sizes = bench.sizes
    found = probe(bench, server, rate, seconds_max=INSERT_S_MAX, insert=sizes.tail_inserted,
                  insert_rate=sizes.tail_inserts_per_s)
    if not found["inserted_all"]:
        raise BenchError(f"{server.label}: {sizes.tail_inserted:,} inserts did not end in {INSERT_S_MAX} s")
    with Client(server.port) as client:
        keys = client.call("DBSIZE")
    if keys != sizes.keys + sizes.tail_inserted:
        raise BenchError(f"{server.label} has {keys} keys after inserting {sizes.tail_inserted} beside {sizes.keys}")
    return found


def run(bench):
    """Both kinds on every server, in turns."""
    with bench.stage() as stage:
        servers = [contender.start(stage, bench.cores.server) for contender in bench.contenders]
        for server in servers:
            bench.load.fill(server.port, bench.sizes.keys)
        bench.cores.wait_until_quiet()
        rate = min(capacity(bench, server) for server in servers) / 2
    raw = {kind: {contender.label: [] for contender in bench.contenders} for kind in KINDS}
    for turn in range(bench.turns):
        for contender in bench.contenders:
            with bench.stage() as stage:
                server = contender.start(stage, bench.cores.server)
                bench.load.fill(server.port, bench.sizes.keys)
                for kind, take in (("expire", while_expiring), ("insert", while_inserting)):
                    bench.cores.wait_until_quiet()
                    found = take(bench, server, rate)
                    raw[kind][contender.label].append(found)
                    bench.say(
                        f"turn {turn + 1} {kind} {contender.label:<14} p99.9 GET {found['get_p999_ms']:.2f} "
                        f"SET {found['set_p999_ms']:.2f} ms, {found['seconds']:.1f} s, load late {found['late_p99_ms']:.2f} ms"
                    )
    tables, figures = [], []
    for label in bench.builds:
        text, found = _table(bench, raw, rate, label)
        tables.append(text)
        figures = figures or found
    return Part({"rate": rate, **raw}, tables, figures)


def _table(bench, raw, rate, label):
    names = {"insert": f"while {bench.sizes.tail_inserted:,} keys are inserted",
             "expire": f"while {bench.sizes.tail_expiring:,} keys expire"}
    lines, figures = [], []
    labels = [label, *bench.peer_labels]
    for kind in KINDS:
        for command in ("get", "set"):
            times = {name: [found[f"{command}_p999_ms"] for found in raw[kind][name]] for name in labels}
            best = best_of({name: times[name] for name in bench.peer_labels})
            late = max(median(found["late_p99_ms"] for found in raw[kind][name]) for name in labels)
            ours, theirs = median(times[label]), median(times[best])
            name = f"{command.upper()} {names[kind]}"
            figure = Figure(f"p99.9 {name}", "ms", ours, theirs, theirs, best, late > LATE_MS_MAX)
            figures.append(figure)
            lines.append([
                name + (" ~" if figure.noisy else ""),
                *(f"{median(times[each]):.2f} ({min(times[each]):.2f}–{max(times[each]):.2f})" for each in labels),
                f"**{ours / theirs:.2f}**", "≤ 1", figure.verdict,
            ])
    seconds = [f"{median(found['seconds'] for found in raw['insert'][name]):.0f} s" for name in labels]
    lines.append(["time to insert them", *seconds, "–", "–", "–"])
    gone = [[found["gone_s"] for found in raw["expire"][name]] for name in labels]
    lines.append(["time until expired keys are gone",
                  *(f"> {EXPIRE_S_MAX} s" if None in each else f"{median(each):.1f} s" for each in gone), "–", "–", "–"])
    head = ["", *labels, "ratio to the best", "aim", "met"]
    text = [
        f"### Latency: p99.9 in ms at half load, {rate:,.0f} requests/s by the clock", "", table(head, lines), "",
        f"Medians of {turns_of(len(raw['insert'][label]))} (range). Half load: half of what the slowest server answers at "
        f"depth 1. Inserts: at most {bench.sizes.tail_inserts_per_s:,}/s.",
    ]
    if any(figure.noisy for figure in figures):
        text.append(f"~: the load itself was more than {LATE_MS_MAX} ms late for one request in a hundred.")
    return "\n".join(text), figures
