"""The reference's own Tcl suite: getting its source, and running one unit of it against a server.

What a run means (which tests must pass) is not decided here but in `verdict.py`.

How the suite behaves, and what follows:

* It reports per test. An error outside a test drops the rest of that file, so a unit is judged by the names of the
  tests that passed, never by the absence of errors.
* It deletes and writes `tests/tmp` below its working directory. Each run therefore gets a directory of its own, whose
  other entries are links to the one unpacked source.
* `--durable` makes it go on after an exception inside a test; `--timeout` ends it when no test reports for that long.
"""

import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tarfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

VERSION = "7.0.15"
ORIG_SHA256 = "4b1dc4ee6d622a09fff9c6777191209750fb5e5a725ef78ea012d6eef4c22982"

READY_LINE = "Ready to accept connections"
# Longest wait for a server to get ready, and to end after SIGTERM.
PATIENCE_S = 20
# The suite ends itself when no test reported for this long. The slowest test of our units takes 15 s on an idle core.
SILENCE_S = 90
# A unit is ended from outside after this long, whatever it does.
UNIT_S = 420

# The suite listens on one of the 32 ports below its base port; tests that need a port take one of the next few.
CONTROL_PORTS = 32
TEST_PORTS = 4
LANE_PORTS = CONTROL_PORTS + TEST_PORTS

OUTSIDE = "(outside any test)"
TIMEOUT = "(timeout)"
SERVER = "(server)"


class SuiteError(Exception):
    """The suite could not be fetched or a server could not be started: says why, in one line."""


# ---------------------------------------------------------------------------------------------------------------------
# The source


def fetch(cache: Path) -> Path:
    """Returns the unpacked source of the suite, below `cache`. Fetches it through apt on first use."""
    source = cache / f"redis-{VERSION}"
    if not (source / "src" / "redis-cli").exists():
        cache.mkdir(parents=True, exist_ok=True)
        tarball = cache / f"redis_{VERSION}.orig.tar.gz"
        if not tarball.exists():
            download(cache, tarball)
        digest = hashlib.sha256(tarball.read_bytes()).hexdigest()
        if digest != ORIG_SHA256:
            raise SuiteError(f"{tarball} has sha256 {digest}, not the {ORIG_SHA256} of the release")
        partial = cache / f"unpack-{os.getpid()}"
        with tarfile.open(tarball) as archive:
            wanted = [m for m in archive.getmembers() if re.match(r"[^/]+/(tests/|runtest$)", m.name)]
            archive.extractall(partial, members=wanted)
        unpacked = partial / f"redis-{VERSION}"
        (unpacked / "src").mkdir()
        for tool in ("redis-cli", "redis-benchmark"):
            path = shutil.which(tool)
            if path is None:
                raise SuiteError(f"{tool} is not installed (Debian package redis-tools)")
            (unpacked / "src" / tool).symlink_to(path)
        shutil.rmtree(source, ignore_errors=True)
        unpacked.rename(source)
        shutil.rmtree(partial)
    return source


def download(cache: Path, tarball: Path) -> None:
    """Fetches the source package's original tarball with apt.

    The machine's own package lists stay as they are: a copy of its sources, turned into source-package entries, lives
    in a directory of its own, with lists of its own.
    """
    apt = cache / "apt"
    shutil.rmtree(apt, ignore_errors=True)
    (apt / "parts").mkdir(parents=True)
    (apt / "lists" / "partial").mkdir(parents=True)
    count = 0
    for path in [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]:
        text = as_source_entries(path)
        if text:
            (apt / "parts" / path.name).write_text(text)
            count += 1
    if count == 0:
        raise SuiteError("no package sources below /etc/apt to fetch the suite's source package from")
    options = [
        "-o", "Dir::Etc::sourcelist=/dev/null",
        "-o", f"Dir::Etc::sourceparts={apt / 'parts'}",
        "-o", f"Dir::State::lists={apt / 'lists'}",
        "-o", "Dir::Cache::pkgcache=",
        "-o", "Dir::Cache::srcpkgcache=",
        "-o", "APT::Sandbox::User=root",
    ]  # fmt: skip
    # An entry that has no source packages fails the update; the others' lists are there all the same.
    update = subprocess.run(["apt-get", *options, "-q", "update"], capture_output=True, text=True)
    shown = subprocess.run(
        ["apt-cache", *options, "showsrc", "--only-source", "redis"], capture_output=True, text=True
    ).stdout
    versions = [v for v in re.findall(r"^Version: (\S+)$", shown, re.M) if f":{VERSION}-" in v]
    if not versions:
        raise SuiteError(f"no source package redis {VERSION} in the configured package sources:\n{update.stderr}")
    got = subprocess.run(
        ["apt-get", *options, "-q", "source", "--download-only", "--tar-only", f"redis={versions[-1]}"],
        capture_output=True, text=True, cwd=cache,
    )  # fmt: skip
    if not tarball.exists():
        raise SuiteError(f"apt-get source did not fetch {tarball.name}:\n{got.stdout}{got.stderr}")
    shutil.rmtree(apt)


def as_source_entries(path: Path) -> str:
    """The file's package sources, as source-package entries; empty when it has none."""
    if not path.is_file():
        return ""
    text = path.read_text(errors="replace")
    if path.suffix == ".sources":
        return re.sub(r"^Types:.*$", "Types: deb-src", text, flags=re.M)
    if path.suffix == ".list":
        entries = re.findall(r"^\s*deb(?:-src)?(\s.*)$", text, re.M)
        return "".join(f"deb-src{entry}\n" for entry in dict.fromkeys(entries))
    return ""


# ---------------------------------------------------------------------------------------------------------------------
# A server


class Server:
    """A server process of our own, on a free port; ended by `stop`."""

    def __init__(self, program: list[str], mode: str, ports: range, log: Path, scratch: Path):
        """Starts `program` with redis.conf directives as arguments; `program` is `[redis-server]` or `[…, node]`."""
        self.log = log
        for _ in range(5):
            self.port = free_port(ports)
            directives = {
                "port": str(self.port),
                "save": "",
                "enable-debug-command": "yes",
                "enable-protected-configs": "yes",
                "dir": str(scratch),
            }
            if mode == "cluster":
                directives |= {"cluster-enabled": "yes"}
            arguments = [word for name, value in directives.items() for word in (f"--{name}", value)]
            with log.open("wb") as output:
                self.process = subprocess.Popen(
                    [*program, *arguments], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
                )
            if self.wait_until_ready():
                break
            self.stop()
        else:
            raise SuiteError(f"{' '.join(program)} does not get ready:\n{log.read_text(errors='replace')[-2000:]}")
        if mode == "cluster":
            self.own_all_slots()

    def wait_until_ready(self) -> bool:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and self.process.poll() is None:
            if READY_LINE in self.log.read_text(errors="replace"):
                return True
            time.sleep(0.02)
        return False

    def own_all_slots(self) -> None:
        answer = ask(self.port, "CLUSTER ADDSLOTSRANGE 0 16383")
        if answer != "+OK":
            raise SuiteError(f"CLUSTER ADDSLOTSRANGE 0 16383 answers {answer}")
        deadline = time.monotonic() + PATIENCE_S
        while "cluster_state:ok" not in ask(self.port, "CLUSTER INFO"):
            if time.monotonic() > deadline:
                raise SuiteError("the node owns all slots and its cluster_state does not become ok")
            time.sleep(0.05)

    def stop(self) -> str | None:
        """Ends the server. Returns what was wrong about it: it had ended on its own, or ignored SIGTERM."""
        status = self.process.poll()
        if status is not None:
            tail = self.log.read_text(errors="replace").strip().splitlines()[-3:]
            return f"the server had ended with status {status}: {' / '.join(tail)}"
        self.process.terminate()
        try:
            self.process.wait(PATIENCE_S)
            return None
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return f"the server did not end within {PATIENCE_S} s of SIGTERM"


ports_lock = threading.Lock()
ports_next: dict[range, int] = {}


def free_port(ports: range) -> int:
    """A port of `ports` on which nothing listens; the next call starts its search behind it."""
    with ports_lock:
        for _ in ports:
            index = ports_next.get(ports, 0)
            ports_next[ports] = index + 1
            port = ports[index % len(ports)]
            # A cluster node also binds its bus, 10,000 above.
            if all(is_free(p) for p in (port, port + 10_000)):
                return port
    raise SuiteError(f"no free port in {ports.start}-{ports.stop - 1}")


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False


def ask(port: int, line: str) -> str:
    """Sends one inline command; returns its reply line, or a bulk reply's text."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as stream, stream.makefile("rwb") as file:
        file.write(line.encode() + b"\r\n")
        file.flush()
        reply = file.readline().decode().rstrip("\r\n")
        return file.read(int(reply[1:])).decode() if reply[:1] == "$" and reply != "$-1" else reply


# ---------------------------------------------------------------------------------------------------------------------
# A unit


@dataclass
class UnitRun:
    """What one unit reported: test names in order, once per report."""

    passed: list[str] = field(default_factory=list)
    # (test name or one of the names in parentheses above, what it said)
    failed: list[tuple[str, str]] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    seconds: float = 0.0


def run_unit(source: Path, unit: str, mode: str, port: int, lane: int, only: list[str], work: Path) -> UnitRun:
    """Runs one unit against the server on `port`; the suite itself uses `LANE_PORTS` ports from `lane`. Its output
    stays in `work/output`."""
    shutil.rmtree(work, ignore_errors=True)
    lay_out(source, work)
    command = [
        "tclsh", "tests/test_helper.tcl",
        "--host", "127.0.0.1", "--port", str(port),
        "--baseport", str(lane + CONTROL_PORTS), "--portcount", str(TEST_PORTS),
        "--durable", "--dont-clean", "--tags", "-slow", "--timeout", str(SILENCE_S),
        "--single", unit,
    ]  # fmt: skip
    if mode == "cluster":
        command.append("--cluster-mode")
    for pattern in only:
        command += ["--only", pattern]
    started = time.monotonic()
    with (work / "output").open("wb") as output:
        # A group of its own: the suite's process starts another one, which must end with it.
        process = subprocess.Popen(
            command, cwd=work, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            env=os.environ | {"TERM": "dumb"}, start_new_session=True,
        )  # fmt: skip
        overdue = False
        try:
            process.wait(UNIT_S)
        except subprocess.TimeoutExpired:
            overdue = True
        finally:
            # The group's id stays taken while any of its processes lives, and is ours.
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
    run = parse((work / "output").read_text(errors="replace"))
    run.seconds = time.monotonic() - started
    if overdue:
        run.failed.append((TIMEOUT, f"ended after {UNIT_S} s"))
    return run


def lay_out(source: Path, work: Path) -> None:
    (work / "tests" / "tmp").mkdir(parents=True)
    (work / "src").symlink_to(source / "src")
    for entry in (source / "tests").iterdir():
        if entry.name != "tmp":
            (work / "tests" / entry.name).symlink_to(entry)


REPORT = re.compile(r"^\[(ok|err|skip|exception|ignore|TIMEOUT|ready|testing|\d+/\d+ done)\]: ?(.*)$")


def parse(output: str) -> UnitRun:
    """Reads the suite's output. Lines that follow a report and start none belong to it."""
    run = UnitRun()
    reports: list[tuple[str, list[str]]] = []
    for line in output.splitlines():
        if line.strip() == "The End":
            break
        if found := REPORT.match(line):
            reports.append((found[1], [found[2]]))
        elif reports:
            reports[-1][1].append(line)
    for kind, lines in reports:
        text = "\n".join(lines).strip()
        if kind == "ok":
            run.passed.append(re.sub(r" \(\d+ ms\)$", "", lines[0]))
        elif kind == "err":
            name = re.match(r"^(.*) in tests/\S+\.tcl$", lines[0])
            run.failed.append((name[1], whole(lines[1:])) if name else (OUTSIDE, whole(lines)))
        elif kind == "exception":
            run.failed.append((OUTSIDE, text))
        elif kind == "TIMEOUT":
            waiting = re.findall(r"\((?:IN PROGRESS)\) (.*)$", text, re.M)
            run.failed.append((TIMEOUT, f"no report for {SILENCE_S} s; in progress: {', '.join(waiting) or 'nothing'}"))
        elif kind in ("skip", "ignore"):
            run.ignored.append(lines[0])
    if "The End" not in output and not run.failed:
        run.failed.append((OUTSIDE, "the suite ended early: " + output.strip()[-500:]))
    return run


def whole(lines: list[str]) -> str:
    """What an error said. The suite cuts ten characters off the first line; the next one often has it uncut."""
    if len(lines) > 1 and lines[1].endswith(lines[0]):
        lines = lines[1:]
    return "\n".join(lines).strip()
