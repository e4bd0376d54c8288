"""Runs redis-benchmark on servers in turns and takes their CPU time.

Each run also says how noisy it was: the share of time in which anything that is not ours ran on one of the two
cores. A noisy run is repeated a few times and the quietest is kept.
"""

import csv
import os
import resource
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from .processes import BenchError, lead_session, pin
from .work import BIG_BYTES, BIG_PREFIX, COLLECTIONS, VALUE_BYTES, Expectation, check_built, prepare

CLIENTS = 50
RUN_S_MAX = 180
# A run with more foreign CPU than this is repeated, and marked if that did not help.
NOISE_MAX = 0.05
ATTEMPTS_MAX = 3
# Before each run both cores must have been this idle for a moment.
QUIET_BUSY_MAX = 0.10
QUIET_SAMPLE_S = 0.2


@dataclass
class Sample:
    """One run of redis-benchmark."""

    requests_per_s: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    noise: float


class Cores:
    """The two cores in use, and the patience left for waiting until they are quiet."""

    def __init__(self, wait_s, nice=0):
        allowed = sorted(os.sched_getaffinity(0))
        if len(allowed) < 2:
            raise BenchError("two cores are needed: one for the server, one for the load")
        self.server, self.load = allowed[:2]
        self.patience_s = wait_s
        self.nice = nice
        # This program must not disturb the server's core either.
        os.sched_setaffinity(0, {self.load})

    def busy_s(self):
        """Seconds that the two cores have been busy, by core."""
        ticks_per_s = os.sysconf("SC_CLK_TCK")
        busy = {}
        for line in Path("/proc/stat").read_text().splitlines():
            name, *fields = line.split()
            if name in (f"cpu{self.server}", f"cpu{self.load}"):
                user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, fields[:8])
                busy[int(name[3:])] = (user + nice + system + irq + softirq + steal) / ticks_per_s
        return busy

    def wait_until_quiet(self):
        """Returns when both cores are idle, or when patience has run out."""
        while self.patience_s > 0:
            before, since = self.busy_s(), time.monotonic()
            time.sleep(QUIET_SAMPLE_S)
            after, elapsed = self.busy_s(), time.monotonic() - since
            if all((after[core] - before[core]) / elapsed <= QUIET_BUSY_MAX for core in after):
                return
            self.patience_s -= elapsed


@dataclass
class Timed:
    """One run of a load on one server."""

    result: subprocess.CompletedProcess
    cpu_s: float
    elapsed_s: float
    noise: float


def timed(argv, server, cores, helpers=(), spread=False):
    """Runs a load, and takes the server's CPU time and the share of foreign CPU time meanwhile.

    `helpers` are our other processes on the load's core; `spread`: the server may run on both cores.
    """
    ours = lambda: (sum(helper.cpu_s() for helper in helpers) + _children_s(), server.cpu_s())
    busy, (load, own), since = cores.busy_s(), ours(), time.monotonic()
    try:
        result = subprocess.run(argv, capture_output=True, text=True, timeout=RUN_S_MAX,
                                preexec_fn=lambda: lead_session(cores.nice))
    except subprocess.TimeoutExpired:
        raise BenchError(f"{server.label}: the load did not end in {RUN_S_MAX} s: {' '.join(argv)[:200]}") from None
    elapsed, (load_after, own_after), busy_after = time.monotonic() - since, ours(), cores.busy_s()
    foreign = [
        busy_after[cores.server] - busy[cores.server] - (own_after - own),
        busy_after[cores.load] - busy[cores.load] - (load_after - load),
    ]
    noise = max(0.0, sum(foreign) if spread else max(foreign)) / elapsed
    return Timed(result, own_after - own, elapsed, noise)


def run_once(server, row, sizes, cores, helpers):
    """One run of redis-benchmark on `server`. `helpers` are our other processes on the load's core."""
    requests = row.requests(sizes)
    argv = [*pin(cores.load), "redis-benchmark", "-p", str(server.port), "-c", str(CLIENTS)]
    argv += ["-n", str(requests), "-P", str(row.depth), "-r", str(row.key_count(sizes)), "-d", str(row.value_bytes)]
    run = timed([*argv, "--csv", *row.arguments], server, cores, helpers)
    lines = list(csv.DictReader(run.result.stdout.splitlines()))
    # A proxy refuses the CONFIG GET that redis-benchmark begins with; that alone is no error.
    complaints = [line for line in run.result.stderr.splitlines() if line.strip() and "CONFIG" not in line]
    if run.result.returncode != 0 or len(lines) != 1 or any("rror" in line for line in complaints):
        said = " ".join((run.result.stderr + run.result.stdout).split())[-400:]
        raise BenchError(f"{row.name} on {server.label}: redis-benchmark failed: {said}")
    return Sample(
        requests_per_s=float(lines[0]["rps"]),
        p50_ms=float(lines[0]["p50_latency_ms"]),
        p99_ms=float(lines[0]["p99_latency_ms"]),
        cpu_us=run.cpu_s / requests * 1e6,
        noise=run.noise,
    )


def quietest(cores, measure, prepare=lambda: None):
    """The quietest of a few samples that `measure` takes."""
    samples = []
    for _ in range(ATTEMPTS_MAX):
        prepare()
        cores.wait_until_quiet()
        samples.append(measure())
        # With no patience left nobody cares for quiet any more.
        if samples[-1].noise <= NOISE_MAX or cores.patience_s <= 0:
            break
    return min(samples, key=lambda sample: sample.noise)


def _children_s():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run_quietly(bench, server, row, helpers, expectation):
    """The quietest of a few runs, each of them checked."""
    requests = row.requests(bench.sizes)

    def measure():
        sample = run_once(server, row, bench.sizes, bench.cores, helpers)
        wrong = expectation.check(server.label, server.port, row) or check_built(row, server.port, requests)
        if wrong:
            raise BenchError(f"wrong value after {row.name} on {server.label}: {wrong}")
        return sample

    return quietest(bench.cores, measure, lambda: prepare(row, server.port, bench.load, requests))


def fill_for(bench, server, rows):
    """Stores what the rows read."""
    sizes, load = bench.sizes, bench.load
    bench.say(f"filling {server.label}: {sizes.keys} keys")
    load.fill(server.port, sizes.keys)
    if any(row.keys == "big" for row in rows):
        load.fill(server.port, sizes.big_keys, prefix=BIG_PREFIX.decode(), value_bytes=BIG_BYTES)
    for kind, elements in COLLECTIONS.items():
        if any(row.keys == kind for row in rows):
            load.fill(server.port, sizes.collections, kind, f"{kind}:", elements=elements, value_bytes=VALUE_BYTES)


def compare(bench, servers, rows, helpers=()):
    """{row name: {label: [sample of turn 0, …]}}; in each turn every row runs on all servers one after another."""
    expectation = Expectation(bench.sizes.keys)
    for server in servers:
        fill_for(bench, server, rows)
    samples = {row.name: {server.label: [] for server in servers} for row in rows}
    for turn in range(bench.turns):
        for row in rows:
            for server in servers:
                sample = run_quietly(bench, server, row, helpers, expectation)
                samples[row.name][server.label].append(asdict(sample))
                bench.say(
                    f"turn {turn + 1} {row.name:<17} {server.label:<14} {sample.requests_per_s:>10.0f}/s "
                    f"p99 {sample.p99_ms:7.3f} ms {sample.cpu_us:7.3f} µs, foreign CPU {sample.noise:.0%}"
                )
    return samples
