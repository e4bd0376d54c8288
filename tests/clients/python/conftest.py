"""A whole cluster for the tests of this directory: `slotwise up` on free ports, started once and ended with the run."""

import os
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = os.environ.get("SLOTWISE", str(ROOT / "target" / "release" / "slotwise"))
NODES = 3
READY_LINE = "Ready to accept connections"
# Below the range that the kernel takes outgoing ports from.
PORTS = range(22200, 22400)
# Longest wait for the cluster to get ready, and to end after SIGTERM.
PATIENCE_S = 20


@dataclass
class Up:
    """The addresses of a running `slotwise up`."""

    port: int
    node_ports: list[int]


@pytest.fixture(scope="session")
def up(tmp_path_factory):
    """A running cluster of three nodes with a proxy in front."""
    log = tmp_path_factory.mktemp("up") / "log"
    for first in free_ranges(1 + NODES):
        with log.open("wb") as output:
            process = subprocess.Popen(
                [PROGRAM, "up", "--nodes", str(NODES), "--port", str(first), "--node-port", str(first + 1)],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip
        cluster = Up(first, [first + 1 + i for i in range(NODES)])
        if wait_until_ready(process, log):
            break
        process.kill()
        process.wait()
    else:
        pytest.fail(f"the cluster does not get ready: {log.read_text(errors='replace')}")
    yield cluster
    assert process.poll() is None, f"the cluster ended during the tests: {log.read_text(errors='replace')[-2000:]}"
    process.terminate()
    try:
        status = process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        pytest.fail(f"the cluster did not end within {PATIENCE_S} s of SIGTERM")
    assert status == 0, f"the cluster ended with status {status} after SIGTERM"


def free_ranges(count):
    """At most five starts of `count` neighbouring free ports."""
    found = 0
    for first in range(PORTS.start, PORTS.stop - count, count):
        if all(is_free(port) for port in range(first, first + count)):
            yield first
            found += 1
            if found == 5:
                return


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False


def wait_until_ready(process, log):
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        if READY_LINE in log.read_text(errors="replace"):
            return True
        time.sleep(0.02)
    return False


def flush(cluster):
    for port in cluster.node_ports:
        with redis.Redis(port=port) as client:
            client.flushall()
    with redis.Redis(port=cluster.port) as client:
        client.flushall()


@pytest.fixture(params=["proxy-resp2", "proxy-resp3", "cluster-resp2", "cluster-resp3"])
def client(request, up):
    """A client of either kind, in either protocol, on an empty cluster."""
    flush(up)
    kind, protocol = request.param.split("-resp")
    if kind == "proxy":
        made = redis.Redis(port=up.port, protocol=int(protocol))
    else:
        made = redis.RedisCluster("127.0.0.1", up.node_ports[0], protocol=int(protocol))
    yield made
    made.close()


@pytest.fixture(params=[2, 3], ids=["resp2", "resp3"])
def proxy(request, up):
    """A client of the proxy, on an empty cluster."""
    flush(up)
    with redis.Redis(port=up.port, protocol=request.param) as made:
        yield made
