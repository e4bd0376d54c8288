"""The servers that are compared: our builds, and the peers from Debian's packages.

redis-server comes from the system's own release. The newer two come from Debian's unstable suite; they need a newer C
library, so they get a root of their own below target/, and are started with that root's loader and libraries. Nothing
has to be mounted for that, and they see the same /proc as everybody else.
"""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .processes import BenchError
from .setup import ROOT, install_missing

SUITE = "sid"
SUITE_ROOT = ROOT / "target" / "peers" / SUITE
PACKAGES = ("valkey-server", "valkey-tools", "redis-server", "redis-tools")
SUITE_SERVERS = ("redis-server", "valkey-server")
FETCH_S_MAX = 1800
VERSION_S_MAX = 10


@dataclass(frozen=True)
class Contender:
    """A server that takes part. `argv` starts it; options follow."""

    label: str
    argv: tuple
    ours: bool = False

    def start(self, stage, core, extra=()):
        port = stage.free_port()
        # What a peer would write to disk is no part of any figure.
        disk = () if self.ours else ("--save", "", "--appendonly", "no")
        argv = [*self.argv, "--port", port, "--bind", "127.0.0.1", *disk, *extra]
        return stage.start(self.label, argv, port, core)


def contenders(builds):
    """Our builds by label, as contenders."""
    return [Contender(label, (str(path), "node"), ours=True) for label, path in builds.items()]


def peers(fetch):
    """redis-server of this system and the two of the unstable suite. Without `fetch`, what is there already."""
    found = [_peer(("redis-server",))]
    if fetch and not _complete():
        _fetch()
    if _complete():
        found += [_peer(_suite_argv(name)) for name in SUITE_SERVERS]
    return found


def _peer(argv):
    text = _version(argv)
    match = re.match(r"(Redis|Valkey) server v=([\w.]+)", text)
    if not match:
        raise BenchError(f"{argv[-1]} says of its version: {text[:200]!r}")
    return Contender(f"{match[1].lower()} {match[2]}", tuple(argv))


def _version(argv):
    """What the server says of itself; empty when it does not run."""
    try:
        result = subprocess.run([*argv, "--version"], capture_output=True, text=True, timeout=VERSION_S_MAX)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return result.stdout.strip() if result.returncode == 0 else ""


def _suite_argv(name):
    machine = os.uname().machine
    loader = next(iter(sorted(SUITE_ROOT.glob("usr/lib*/ld-linux*.so.*"))), SUITE_ROOT / "missing")
    libraries = f"{SUITE_ROOT}/usr/lib/{machine}-linux-gnu:{SUITE_ROOT}/usr/lib"
    return (str(loader), "--library-path", libraries, str(SUITE_ROOT / "usr/bin" / name))


def _complete():
    """Whether both servers of the suite run. An earlier attempt may have ended half-way."""
    return all(_version(_suite_argv(name)) for name in SUITE_SERVERS)


def _fetch():
    """Makes the root beside its place and moves it there when it is whole."""
    if os.geteuid() != 0:
        raise BenchError(f"{SUITE_ROOT} is missing, and only root can make it; --without-suite leaves its servers out")
    install_missing(["debootstrap"])
    partial = SUITE_ROOT.with_name(f"{SUITE}.partial")
    for old in (partial, SUITE_ROOT):
        # A root whose /proc is mounted must not be removed with what is mounted there.
        if any(f" {old}/" in line for line in Path("/proc/mounts").read_text().splitlines()):
            raise BenchError(f"something is mounted below {old}")
        shutil.rmtree(old, ignore_errors=True)
    partial.parent.mkdir(parents=True, exist_ok=True)
    print(f"making a root of Debian {SUITE} for {', '.join(SUITE_SERVERS)}: some minutes", flush=True)
    argv = ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", SUITE, str(partial), *_mirror()]
    try:
        result = subprocess.run(argv, capture_output=True, text=True, timeout=FETCH_S_MAX, env=_environment())
    except subprocess.TimeoutExpired:
        raise BenchError(f"debootstrap did not end in {FETCH_S_MAX} s") from None
    if result.returncode != 0:
        log = partial / "debootstrap" / "debootstrap.log"
        said = log.read_text(errors="replace") if log.exists() else result.stderr + result.stdout
        raise BenchError(f"debootstrap failed: {said.strip()[-600:]}")
    partial.rename(SUITE_ROOT)
    if not _complete():
        raise BenchError(f"the servers in {SUITE_ROOT} do not run")


def _apt(*argv):
    result = subprocess.run(argv, capture_output=True, text=True)
    return result.stdout.splitlines() if result.returncode == 0 else []


def _mirror():
    """The mirror that apt uses for Debian's main archive; nothing when apt does not tell: debootstrap has a default."""
    lines = _apt("apt-get", "indextargets", "--format", "$(CREATED_BY)|$(ORIGIN)|$(LABEL)|$(REPO_URI)")
    for line in lines:
        created_by, _, label, uri = (line.split("|") + [""] * 4)[:4]
        if created_by == "Packages" and label == "Debian" and uri.startswith("http"):
            return [uri.rstrip("/")]
    return []


def _environment():
    """debootstrap's downloads take apt's proxy, where it has one."""
    environment = dict(os.environ)
    for line in _apt("apt-config", "dump", "--format", "%f %v%n", "Acquire::http::Proxy"):
        name, _, value = line.partition(" ")
        if name == "Acquire::http::Proxy" and value and value != "DIRECT":
            environment.setdefault("http_proxy", value)
    return environment
