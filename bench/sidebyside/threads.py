"""What a second thread costs: CPU per request with two threads, beside one.

With one thread the server has a core to itself and the load the other; with two threads the server may use both cores
and the load keeps its own. The load is the same: 50 connections, depth 16, each value checked.
"""

from dataclasses import asdict, dataclass
from statistics import median

from .bench import Part
from .figures import Figure, ratios
from .measure import NOISE_MAX, quietest, timed
from .processes import BenchError
from .report import NOISY, table, turns_of

DEPTH = 16


@dataclass(frozen=True)
class Work:
    """One kind of load."""

    name: str
    set_share: float
    hot_share: float
    # Highest CPU per request with two threads, relative to one, that the project wants.
    aim: float


WORKS = [
    Work("GET, uniform keys", 0.0, 0.0, 1.10),
    Work("SET, uniform keys", 1.0, 0.0, 1.10),
    Work("GET, one key takes 90 %", 0.0, 0.9, 1.40),
]


@dataclass
class Sample:
    """One run."""

    cpu_us: float
    requests_per_s: float
    noise: float


def run_once(bench, server, work, spread):
    requests = bench.sizes.threads_requests
    argv = bench.load.argv("closed", server.port, keys=bench.sizes.keys, requests=requests, depth=DEPTH,
                           set_share=work.set_share, hot_share=work.hot_share)
    found = timed(argv, server, bench.cores, spread=spread)
    if found.result.returncode != 0:
        raise BenchError(f"{work.name} on {server.label}: {found.result.stderr.strip()[-400:]}")
    return Sample(found.cpu_s / requests * 1e6, requests / found.elapsed_s, found.noise)


def threads_of(contender, count):
    """The option for `count` threads that execute, or that read and write."""
    return ("--threads", count) if contender.ours else ("--io-threads", count)


def run(bench):
    """Every kind of load with one thread and with two, in turns."""
    works = bench.chosen(WORKS)
    if not works:
        return Part({}, [])
    both = f"{bench.cores.server},{bench.cores.load}"
    raw = {work.name: {contender.label: {1: [], 2: []} for contender in bench.contenders} for work in works}
    with bench.stage() as stage:
        servers = []
        for contender in bench.contenders:
            for count, core in ((1, bench.cores.server), (2, both)):
                server = contender.start(stage, core, threads_of(contender, count))
                bench.load.fill(server.port, bench.sizes.keys)
                servers.append((contender.label, count, server))
        for turn in range(bench.turns):
            for work in works:
                for label, count, server in servers:
                    sample = quietest(bench.cores, lambda: run_once(bench, server, work, count > 1))
                    raw[work.name][label][count].append(asdict(sample))
                    bench.say(
                        f"turn {turn + 1} {work.name:<24} {label:<14} {count} threads {sample.requests_per_s:>10.0f}/s "
                        f"{sample.cpu_us:7.3f} µs, foreign CPU {sample.noise:.0%}"
                    )
    tables, figures = [], []
    for label in bench.builds:
        text, found = _table(bench, raw, works, label)
        tables.append(text)
        figures = figures or found
    return Part(raw, tables, figures)


def _table(bench, raw, works, label):
    lines, figures = [], []
    for work in works:
        growth, cells = {}, []
        for name in (label, *bench.peer_labels):
            cpu = {count: [sample["cpu_us"] for sample in samples] for count, samples in raw[work.name][name].items()}
            growth[name] = ratios(cpu[2], cpu[1])
            cells.append(f"{median(cpu[1]):.2f} → {median(cpu[2]):.2f}: **× {median(growth[name]):.2f}**")
        samples = [sample for each in raw[work.name][label].values() for sample in each]
        noisy = max(sample["noise"] for sample in samples) > NOISE_MAX
        figure = Figure(f"two threads, {work.name}", "× one thread", median(growth[label]), work.aim, noisy=noisy)
        figures.append(figure)
        lines.append([work.name + (" ~" if noisy else ""), *cells, f"≤ {work.aim:.2f}", figure.verdict])
    turns = len(next(iter(raw.values()))[label][1])
    text = [
        f"### Threads: CPU µs per request with one thread → with two, depth {DEPTH}", "",
        table(["", label, *bench.peer_labels, "aim", "met"], lines), "",
        f"Medians of {turns_of(turns)}. Peers: `io-threads`. Two threads share the load's core with the load.",
    ]
    if any(figure.noisy for figure in figures):
        text.append(NOISY)
    return "\n".join(text), figures
