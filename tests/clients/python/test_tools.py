"""redis-cli and redis-benchmark (Debian's package redis-tools) against a whole cluster."""

import re
import subprocess

import pytest

from conftest import flush

# Longest run of one command line.
PATIENCE_S = 120
KEYS = 200


@pytest.fixture(autouse=True)
def empty(up):
    """Every test starts on an empty cluster."""
    flush(up)


def cli(port, *arguments, stdin=None):
    """Runs redis-cli; returns what it printed. It has to end well and say nothing on its error stream."""
    command = ["redis-cli", "-p", str(port), *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, timeout=PATIENCE_S)
    assert (done.returncode, done.stderr) == (0, b""), done
    return done.stdout.decode()


def benchmark(*arguments):
    """Runs redis-benchmark quietly; returns the names of the tests that it finished."""
    command = ["redis-benchmark", "-q", "-n", "2000", "-c", "20", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    # The tool reports an error reply and goes on or exits with 0, so its words count.
    for sign in ("error", "ERR", "MOVED", "refused", "closed", "disabled", "WARNING"):
        assert sign not in said, said
    lines = re.split(r"[\r\n]", done.stdout)
    return [line.split(": ")[0] for line in lines if re.search(r": [\d.]+ requests per second", line)]


def test_cli_sets_and_gets_through_the_proxy(up):
    assert cli(up.port, "set", "a", "1") == "OK\n"
    assert cli(up.port, "get", "a") == "1\n"
    assert cli(up.port, "-3", "get", "a") == "1\n"
    assert cli(up.port, "set", "b", "2") == "OK\n"
    assert cli(up.port, "mget", "a", "b", "none") == "1\n2\n\n"


def test_cli_reads_and_writes_bytes_from_its_input(up):
    value = bytes(range(256))
    assert cli(up.port, "-x", "set", "bytes", stdin=value) == "OK\n"
    done = subprocess.run(["redis-cli", "-p", str(up.port), "get", "bytes"], capture_output=True, timeout=PATIENCE_S)
    assert done.stdout == value + b"\n"


def test_cli_shows_an_error_as_the_reference_words_it(up):
    assert cli(up.port, "set", "a", "text") == "OK\n"
    assert cli(up.port, "incr", "a") == "ERR value is not an integer or out of range\n\n"
    assert cli(up.port, "nonsense", "a").startswith("ERR unknown command 'nonsense', with args beginning with: 'a'")


def test_cli_in_cluster_mode_follows_redirects(up):
    for port in up.node_ports:
        for i in range(10):
            key = f"key:{port}:{i}"
            assert cli(port, "-c", "set", key, str(i)) == "OK\n"
            assert cli(up.node_ports[0], "-c", "get", key) == f"{i}\n"
    sizes = [int(cli(port, "dbsize")) for port in up.node_ports]
    assert sum(sizes) == 10 * len(up.node_ports)
    assert min(sizes) > 0, sizes


def test_cli_without_cluster_mode_shows_the_redirect(up):
    answers = [cli(port, "get", "foo") for port in up.node_ports]
    assert sum(answer.startswith("MOVED 12182 127.0.0.1:") for answer in answers) == len(up.node_ports) - 1
    assert sum(answer == "\n" for answer in answers) == 1


def test_cli_pipe_mode_loads_commands_in_bulk(up):
    requests = b"".join(b"*3\r\n$3\r\nSET\r\n$8\r\nk%07d\r\n$3\r\na\r\n\r\n" % i for i in range(10_000))
    said = cli(up.port, "--pipe", stdin=requests)
    assert "errors: 0, replies: 10000" in said
    assert cli(up.port, "dbsize") == "10000\n"
    assert cli(up.port, "get", "k0004711") == "a\r\n\n"


def test_cli_scan_lists_every_key_of_the_cluster(up):
    names = [f"key:{i}" for i in range(KEYS)]
    assert cli(up.port, "mset", *(word for name in names for word in (name, "v"))) == "OK\n"
    assert sorted(set(cli(up.port, "--scan").split())) == sorted(names)
    assert sorted(set(cli(up.port, "--scan", "--pattern", "key:1?").split())) == [f"key:1{i}" for i in range(10)]


def test_cli_cluster_check_agrees_with_the_layout(up):
    said = cli(up.node_ports[1], "--cluster", "check", f"127.0.0.1:{up.node_ports[1]}")
    assert "[OK] All nodes agree about slots configuration." in said
    assert "[OK] All 16384 slots covered." in said


DEFAULT_TESTS = [
    "PING_INLINE", "PING_MBULK", "SET", "GET", "INCR", "LPUSH", "RPUSH", "LPOP", "RPOP", "SADD", "HSET", "SPOP", "ZADD",
    "ZPOPMIN", "LPUSH (needed to benchmark LRANGE)", "LRANGE_100 (first 100 elements)",
    "LRANGE_300 (first 300 elements)", "LRANGE_500 (first 500 elements)", "LRANGE_600 (first 600 elements)",
    "MSET (10 keys)",
]  # fmt: skip


@pytest.mark.parametrize("options", [(), ("-P", "16"), ("-r", "1000", "-P", "7"), ("-3",)], ids=lambda o: " ".join(o) or "plain")
def test_benchmark_runs_all_its_tests_through_the_proxy(up, options):
    assert benchmark("-p", str(up.port), *options) == DEFAULT_TESTS


@pytest.mark.parametrize("options", [(), ("-P", "16"), ("-r", "1000")], ids=lambda o: " ".join(o) or "plain")
def test_benchmark_runs_against_the_nodes_in_cluster_mode(up, options):
    tests = "set,get,incr,lpush,rpush,lpop,rpop,sadd,hset,spop,zadd,zpopmin,lrange,mset"
    assert benchmark("--cluster", "-p", str(up.node_ports[0]), "-t", tests, *options) == DEFAULT_TESTS[2:]
