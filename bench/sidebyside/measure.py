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
from .resp import ReplyError, fill, info
from .work import BIG_BYTES, BIG_PREFIX, VALUE_BYTES, Expectation, check_built, prepare

CLIENTS = 50
RUN_S_MAX = 180
# A run with more foreign CPU than this is repeated, and marked if that did not help.
NOISE_MAX = 0.05
ATTEMPTS_MAX = 3
# Before each run both cores must have been this idle for a moment.
QUIET_BUSY_MAX = 0.10
QUIET_SAMPLE_S = 0.3


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


def run_once(server, row, requests, keys, cores, helpers):
    """One run of redis-benchmark on `server`. `helpers` are our other processes on the load's core."""
    argv = [*pin(cores.load), "redis-benchmark", "-p", str(server.port), "-c", str(CLIENTS)]
    argv += ["-n", str(requests), "-P", str(row.depth), "-r", str(keys), "-d", str(VALUE_BYTES), "--csv"]
    ours = lambda: (sum(helper.cpu_s() for helper in helpers) + _children_s(), server.cpu_s())
    busy, (load, own), since = cores.busy_s(), ours(), time.monotonic()
    try:
        result = subprocess.run([*argv, *row.arguments], capture_output=True, text=True, timeout=RUN_S_MAX,
                                preexec_fn=lambda: lead_session(cores.nice))
    except subprocess.TimeoutExpired:
        raise BenchError(f"{row.name} on {server.label}: redis-benchmark did not end in {RUN_S_MAX} s") from None
    elapsed, (load_after, own_after), busy_after = time.monotonic() - since, ours(), cores.busy_s()
    lines = list(csv.DictReader(result.stdout.splitlines()))
    # A proxy refuses the CONFIG GET that redis-benchmark begins with; that alone is no error.
    complaints = [line for line in result.stderr.splitlines() if line.strip() and "CONFIG" not in line]
    if result.returncode != 0 or len(lines) != 1 or any("rror" in line for line in complaints):
        said = " ".join((result.stderr + result.stdout).split())[-400:]
        raise BenchError(f"{row.name} on {server.label}: redis-benchmark failed: {said}")
    foreign = [
        busy_after[cores.server] - busy[cores.server] - (own_after - own),
        busy_after[cores.load] - busy[cores.load] - (load_after - load),
    ]
    return Sample(
        requests_per_s=float(lines[0]["rps"]),
        p50_ms=float(lines[0]["p50_latency_ms"]),
        p99_ms=float(lines[0]["p99_latency_ms"]),
        cpu_us=(own_after - own) / requests * 1e6,
        noise=max(0.0, *foreign) / elapsed,
    )


def _children_s():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run_quietly(server, row, requests, keys, cores, helpers, expectation):
    """The quietest of a few runs, each of them checked."""
    samples = []
    for _ in range(ATTEMPTS_MAX):
        prepare(row, server.port)
        cores.wait_until_quiet()
        samples.append(run_once(server, row, requests, keys, cores, helpers))
        wrong = expectation.check(server.label, server.port, row) or check_built(row, server.port, requests)
        if wrong:
            raise BenchError(f"wrong value after {row.name} on {server.label}: {wrong}")
        # With no patience left nobody cares for quiet any more.
        if samples[-1].noise <= NOISE_MAX or cores.patience_s <= 0:
            break
    return min(samples, key=lambda sample: sample.noise)


def compare(servers, rows, sizes, turns, cores, helpers, say):
    """{row name: {label: [sample of turn 0, …]}}; in each turn every row runs on all servers one after another."""
    expectation = Expectation(sizes.keys)
    for server in servers:
        say(f"filling {server.label}: {sizes.keys} keys")
        fill(server.port, sizes.keys, VALUE_BYTES)
        if any(row.big for row in rows):
            fill(server.port, sizes.big_keys, BIG_BYTES, BIG_PREFIX)
    samples = {row.name: {server.label: [] for server in servers} for row in rows}
    for turn in range(turns):
        for row in rows:
            requests = int(sizes.requests[row.depth] * row.share)
            keys = sizes.big_keys if row.big else sizes.keys
            for server in servers:
                sample = run_quietly(server, row, requests, keys, cores, helpers, expectation)
                samples[row.name][server.label].append(asdict(sample))
                say(
                    f"turn {turn + 1} {row.name:<15} {server.label:<14} {sample.requests_per_s:>10.0f}/s "
                    f"p99 {sample.p99_ms:7.3f} ms {sample.cpu_us:7.3f} µs, foreign CPU {sample.noise:.0%}"
                )
    return samples


def memory(server, keys, say):
    """Bytes per key of a server that is empty now; `used` is None where the server does not tell used_memory."""
    used_empty, rss_empty = used_memory(server), server.rss_bytes()
    say(f"filling {server.label}: {keys} keys")
    fill(server.port, keys, VALUE_BYTES)
    used, rss = used_memory(server), server.rss_bytes()
    return {
        "used_per_key": None if used is None or used_empty is None else (used - used_empty) / keys,
        "rss_per_key": (rss - rss_empty) / keys,
        "rss_empty": rss_empty,
    }


def used_memory(server):
    """The field of INFO memory; None when the server has no INFO or no such field."""
    try:
        fields = info(server.port, b"memory")
    except ReplyError:
        return None
    return int(fields["used_memory"]) if "used_memory" in fields else None
