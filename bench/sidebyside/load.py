"""Calls the load program, whose sources are in bench/load: what redis-benchmark cannot do."""

import json
import os
import subprocess

from .processes import BenchError, lead_session, pin
from .resp import Client, ReplyError, key_of, value_of
from .setup import ROOT, target_directory

MANIFEST = ROOT / "bench" / "load" / "Cargo.toml"
RUN_S_MAX = 600
# Keys looked at after filling.
SAMPLE = 50


def build():
    """The program's path. cargo decides whether there is anything to do."""
    target = target_directory() / "load"
    cargo = os.environ.get("CARGO", "cargo")
    argv = [cargo, "build", "--release", "--quiet", "--locked", "--manifest-path", MANIFEST, "--target-dir", target]
    if subprocess.run(argv).returncode != 0:
        raise BenchError("building bench/load failed")
    return target / "release" / "load"


class Load:
    """The program, pinned to the load's core."""

    def __init__(self, path, cores):
        self.path, self.cores = path, cores

    def argv(self, mode, port, **options):
        """The command line: `set_share=0.5` becomes `--set-share 0.5`."""
        argv = [*pin(self.cores.load), str(self.path), mode, "--port", str(port)]
        for name, value in options.items():
            argv += [f"--{name.replace('_', '-')}", str(value)]
        return argv

    def run(self, mode, port, **options):
        """What one run printed, as a dict."""
        argv = self.argv(mode, port, **options)
        try:
            result = subprocess.run(argv, capture_output=True, text=True, timeout=RUN_S_MAX,
                                    preexec_fn=lambda: lead_session(self.cores.nice))
        except subprocess.TimeoutExpired:
            raise BenchError(f"load {mode} did not end in {RUN_S_MAX} s") from None
        if result.returncode != 0:
            raise BenchError(f"load {mode} on port {port}: {result.stderr.strip()[-400:]}")
        return json.loads(result.stdout)

    def fill(self, port, keys, kind="string", prefix="key:", **options):
        """Stores a data set; strings are checked afterwards."""
        self.run("fill", port, keys=keys, kind=kind, prefix=prefix, **options)
        if kind != "string":
            return
        size = options.get("value_bytes", 64)
        with Client(port) as client:
            for number in range(0, keys, max(1, keys // SAMPLE)):
                key = key_of(number, prefix.encode())
                found = client.call(b"GET", key)
                if found != value_of(number, size):
                    raise ReplyError(f"after filling, {key!r} holds {found!r}")
