"""What must be there before anything is measured: peers from Debian, and a release build."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from .processes import BenchError

ROOT = Path(__file__).resolve().parents[2]
POLICY = Path("/usr/sbin/policy-rc.d")
PACKAGE_OF = {
    "redis-server": "redis-server",
    "redis-benchmark": "redis-tools",
    "nutcracker": "nutcracker",
    "valgrind": "valgrind",
    "debootstrap": "debootstrap",
}


def install_missing(programs):
    """Installs what is not there, with apt."""
    missing = sorted({PACKAGE_OF[program] for program in programs if not shutil.which(program)})
    if not missing:
        return
    if os.geteuid() != 0:
        raise BenchError(f"these Debian packages are missing, and only root can install them: {' '.join(missing)}")
    print(f"installing {' '.join(missing)}", file=sys.stderr, flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    # The packages' own servers must not start: the bench starts its own.
    policy_is_ours = not POLICY.exists()
    if policy_is_ours:
        POLICY.write_text("#!/bin/sh\nexit 101\n")
        POLICY.chmod(0o755)
    try:
        for arguments in (["update", "-q"], ["install", "-y", "-q", "--no-install-recommends", *missing]):
            result = subprocess.run(["apt-get", *arguments], env=environment, capture_output=True, text=True)
            if result.returncode != 0:
                raise BenchError(f"apt-get {arguments[0]} failed: {(result.stderr or result.stdout).strip()[-400:]}")
    finally:
        if policy_is_ours:
            POLICY.unlink()
    for program in programs:
        if not shutil.which(program):
            raise BenchError(f"{program} is still missing after installing {PACKAGE_OF[program]}")


def target_directory():
    """Where cargo puts what it builds."""
    return Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))


def release_binary():
    """The release build's path; builds when it is missing or older than a source file."""
    binary = target_directory() / "release" / "slotwise"
    sources = [ROOT / "Cargo.toml", ROOT / "Cargo.lock", *(ROOT / "src").rglob("*.*")]
    newest = max(source.stat().st_mtime for source in sources if source.is_file())
    if not binary.exists() or binary.stat().st_mtime < newest:
        print("building slotwise (cargo build --release)", file=sys.stderr, flush=True)
        cargo = os.environ.get("CARGO", "cargo")
        if subprocess.run([cargo, "build", "--release", "--quiet"], cwd=ROOT).returncode != 0:
            raise BenchError("cargo build --release failed")
        # A build that had nothing to do leaves the old time; the next run shall not ask again.
        os.utime(binary)
    return binary


def machine():
    """One line about where the figures come from."""
    model = "unknown CPU"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    memory_kb = int(Path("/proc/meminfo").read_text().split()[1])
    kernel = os.uname().release
    return f"{os.cpu_count()} × {model}, {memory_kb / (1 << 20):.0f} GiB, Linux {kernel}"


def version_of(*argv):
    """The first line a program says about its version."""
    result = subprocess.run(argv, capture_output=True, text=True)
    line = (result.stdout + result.stderr).strip().splitlines()[0]
    return line.split(" sha=")[0].removeprefix("This is ")


def slotwise_version():
    """Package version and the commit it was built from, where git knows it."""
    def git(*argv):
        result = subprocess.run(["git", *argv], cwd=ROOT, capture_output=True, text=True)
        return result.stdout.strip() if result.returncode == 0 else ""

    commit = git("rev-parse", "--short", "HEAD")
    changed = "+changes" if git("status", "--porcelain", "--untracked-files=no", "src", "Cargo.lock") else ""
    return f"slotwise at {commit}{changed}" if commit else "slotwise"
