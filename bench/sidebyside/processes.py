"""Starting servers, each pinned to one core, and stopping every one of them whatever happens."""

import ctypes
import itertools
import os
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from .resp import Client, ReplyError

START_S_MAX = 20
STOP_S_MAX = 5
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)


class BenchError(Exception):
    """The bench cannot go on, and says why in one line."""


def pin(core):
    """What goes before a command that shall run on one core, or on several as in `0,1`."""
    return ["taskset", "-c", str(core)]


def raise_file_limit(wanted):
    """Lets this process and what it starts have `wanted` open files, or as many as it may; returns how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for limit in ((wanted, max(wanted, hard)), (min(wanted, hard), hard)):
        if soft >= wanted:
            break
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, limit)
        except (ValueError, OSError):
            continue
        soft = limit[0]
    return soft


def lead_session(nice):
    """What a child does before it becomes a server: a session of its own (Ctrl-C is ours alone), niceness, and death
    with this program. Where the kernel groups processes by session, niceness counts between groups only when the
    group has it too."""
    os.setsid()
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if nice:
        os.setpriority(os.PRIO_PROCESS, 0, nice)
        try:
            Path("/proc/self/autogroup").write_text(str(nice))
        except OSError:
            pass


class Process:
    """A server under way."""

    def __init__(self, label, popen, port, log):
        self.label, self.popen, self.port, self.log = label, popen, port, log

    @property
    def pid(self):
        return self.popen.pid

    def check_alive(self):
        code = self.popen.poll()
        if code is not None:
            raise BenchError(f"{self.label} ended (status {code}): {self.last_words()}")

    def last_words(self):
        return self.log.read_text(errors="replace").strip()[-600:] or "it said nothing"

    def cpu_s(self):
        """CPU time of all its threads, user and system, in seconds.

        The process's CPU clock is the same sum as utime + stime of /proc/PID/stat, in ns instead of 10 ms.
        """
        self.check_alive()
        return time.clock_gettime((~self.pid << 3) | 2)

    def rss_bytes(self):
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise BenchError(f"no VmRSS of {self.label}")

    def stop(self):
        """Stops it for good; its memory is free when this returns."""
        if self.popen.poll() is None:
            self.popen.terminate()
            try:
                self.popen.wait(STOP_S_MAX)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()


class Stage:
    """Everything one measurement starts. Leaving the `with` block stops the processes and removes their files."""

    def __init__(self, ports, nice=0):
        self.ports = itertools.cycle(ports)
        self.ports_count = len(ports)
        self.nice = nice
        self.processes = []

    def __enter__(self):
        self.directory = Path(tempfile.mkdtemp(prefix="slotwise-bench-"))
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def free_port(self):
        """A loopback port nobody listens on."""
        # A port is not given again before its turn comes: what was stopped there may linger.
        for port in itertools.islice(self.ports, self.ports_count):
            with socket.socket() as probe:
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    continue
                return port
        raise BenchError("no free port left: give more with --ports")

    def start(self, label, argv, port, core):
        """Starts a server on `core` and waits until it answers PING on `port`."""
        directory = self.directory / f"{len(self.processes)}"
        directory.mkdir()
        log = directory / "log"
        pinned = [*(pin(core) if core is not None else []), *map(str, argv)]
        with log.open("wb") as out:
            popen = subprocess.Popen(
                pinned, cwd=directory, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                preexec_fn=lambda: lead_session(self.nice),
            )
        process = Process(label, popen, port, log)
        self.processes.append(process)
        until = time.monotonic() + START_S_MAX
        while True:
            process.check_alive()
            try:
                with Client(port, timeout_s=START_S_MAX) as client:
                    client.call(b"PING")
                return process
            except (OSError, ReplyError) as error:
                if time.monotonic() > until:
                    raise BenchError(f"{label} does not answer: {error}; {process.last_words()}") from error
                time.sleep(0.02)

    def redis(self, label, core, extra=()):
        port = self.free_port()
        argv = ["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", *extra]
        return self.start(label, argv, port, core)

    def slotwise_proxy(self, label, binary, core, node_port):
        port = self.free_port()
        argv = [binary, "proxy", "--threads", 1, "--port", port, "--node", f"127.0.0.1:{node_port}"]
        return self.start(label, argv, port, core)

    def nutcracker(self, label, core, backends):
        port, stats_port = self.free_port(), self.free_port()
        config = self.directory / f"nutcracker-{port}.yml"
        servers = "".join(f"    - 127.0.0.1:{backend.port}:1\n" for backend in backends)
        config.write_text(
            f"pool:\n  listen: 127.0.0.1:{port}\n  hash: fnv1a_64\n  distribution: ketama\n  redis: true\n"
            f"  preconnect: true\n  auto_eject_hosts: false\n  servers:\n{servers}"
        )
        argv = ["nutcracker", "-c", config, "-a", "127.0.0.1", "-s", stats_port]
        return self.start(label, argv, port, core)

    def redis_cluster(self, core, count=3):
        """A cluster of redis-servers without replicas; returns once every node serves all slots."""
        nodes = []
        for index in range(count):
            bus = self.free_port()
            extra = ["--cluster-enabled", "yes", "--cluster-port", bus, "--cluster-config-file", f"nodes-{index}.conf"]
            nodes.append((self.redis(f"cluster node {index}", core, extra), bus))
        for index, (node, _) in enumerate(nodes):
            with Client(node.port) as client:
                first, last = index * 16384 // count, (index + 1) * 16384 // count - 1
                client.call("CLUSTER", "ADDSLOTSRANGE", first, last)
                client.call("CLUSTER", "SET-CONFIG-EPOCH", index + 1)
                if index:
                    client.call("CLUSTER", "MEET", "127.0.0.1", nodes[0][0].port, nodes[0][1])
        until = time.monotonic() + START_S_MAX
        while not all(self._serves_all(node.port, count) for node, _ in nodes):
            if time.monotonic() > until:
                raise BenchError("the redis cluster did not form")
            time.sleep(0.1)
        return [node for node, _ in nodes]

    @staticmethod
    def _serves_all(port, count):
        with Client(port) as client:
            state = client.call("CLUSTER", "INFO").decode()
        return "cluster_state:ok" in state and f"cluster_known_nodes:{count}\r" in state


def tools_path():
    """PATH with the directory where Debian puts nutcracker."""
    return os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
