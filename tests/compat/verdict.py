"""What a run of a unit means: the tests that the reference passes, less the listed exceptions, must pass.

Two files are read:

* `reference.tsv`: `unit <tab> mode <tab> how often <tab> test name`, recorded from redis-server itself (`run.py
  --record`). The names make it visible when the suite silently drops the rest of a file.
* `exceptions.txt`: `mode | unit | test name | reason`. A test listed here has
  to fail: one that passes is reported, so that the list only ever says what is so.

A mode is `standalone`, `cluster` or, in the files, `both`.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from suite import OUTSIDE, SERVER, TIMEOUT, UnitRun

MODES = ("standalone", "cluster")
HERE = Path(__file__).parent
REFERENCE = HERE / "reference.tsv"
EXCEPTIONS = HERE / "exceptions.txt"
# Names that stand for something else than a test; they are never expected to pass.
NOT_TESTS = (OUTSIDE, TIMEOUT, SERVER)
DID_NOT_RUN = "did not run"


class ListError(Exception):
    """A line of one of the two files does not make sense: says which."""


@dataclass
class Verdict:
    """The outcome of one unit in one mode."""

    unit: str
    mode: str
    passed: int = 0
    expected: int = 0
    seconds: float = 0.0
    # (test name, what happened)
    unexpected: list[tuple[str, str]] = field(default_factory=list)
    excepted: list[str] = field(default_factory=list)
    # Listed, and it passed.
    outdated: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not self.unexpected and not self.outdated


def read_reference() -> dict[tuple[str, str], Counter[str]]:
    """Per (unit, mode): how often each test name passes on the reference."""
    reference: dict[tuple[str, str], Counter[str]] = {}
    for number, line in enumerate(REFERENCE.read_text().splitlines(), 1):
        if line.startswith("#"):
            continue
        try:
            unit, mode, count, name = line.split("\t")
            for each in MODES if mode == "both" else (mode,):
                reference.setdefault((unit, each), Counter())[name] = int(count)
        except ValueError as error:
            raise ListError(f"{REFERENCE.name}:{number}: {error}") from None
    return reference


def write_reference(recorded: dict[tuple[str, str], Counter[str]]) -> None:
    """Replaces the recorded units and keeps the others."""
    reference = (read_reference() if REFERENCE.exists() else {}) | recorded
    lines = ["# unit, mode, how often, test name: what passes on redis-server 7.0.15. Written by run.py --record."]
    for unit in sorted({unit for unit, _ in reference}):
        standalone, cluster = (reference.get((unit, mode), Counter()) for mode in MODES)
        for name in standalone | cluster:
            if standalone[name] == cluster[name]:
                lines.append(f"{unit}\tboth\t{standalone[name]}\t{name}")
            else:
                pairs = zip(MODES, (standalone[name], cluster[name]))
                lines += [f"{unit}\t{mode}\t{count}\t{name}" for mode, count in pairs if count]
    REFERENCE.write_text("\n".join(lines) + "\n")


def read_exceptions(path: Path = EXCEPTIONS) -> dict[tuple[str, str], dict[str, str]]:
    """Per (unit, mode): test name and the reason why it does not pass."""
    exceptions: dict[tuple[str, str], dict[str, str]] = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        at = f"{path.name}:{number}"
        head = line.split(" | ", 2)
        # A test's name may contain the separator, a mode, a unit or a reason does not.
        tail = head[2].rsplit(" | ", 1) if len(head) == 3 else []
        if len(tail) != 2 or not tail[1].strip():
            raise ListError(f"{at}: not of the form `mode | unit | test name | reason`")
        mode, unit = head[0].strip(), head[1].strip()
        if mode not in (*MODES, "both"):
            raise ListError(f"{at}: mode {mode} is none of standalone, cluster, both")
        for each in MODES if mode == "both" else (mode,):
            listed = exceptions.setdefault((unit, each), {})
            if tail[0] in listed:
                raise ListError(f"{at}: listed twice for {each}")
            listed[tail[0]] = tail[1]
    return exceptions


def unknown_exceptions(exceptions, reference) -> list[str]:
    """Listed tests that the reference does not have: they would never be judged."""
    return [
        f"{mode} | {unit} | {name}"
        for (unit, mode), names in exceptions.items()
        for name in names
        if name not in NOT_TESTS and name not in reference.get((unit, mode), ())
    ]


def judge(unit: str, mode: str, run: UnitRun, reference: Counter[str], listed: dict[str, str]) -> Verdict:
    """Compares one run of a whole unit with what the reference passes."""
    verdict = Verdict(unit, mode, expected=reference.total(), seconds=run.seconds)
    passed = Counter(run.passed)
    said: dict[str, list[str]] = {}
    for name, text in run.failed:
        said.setdefault(name, []).append(text)
    for name, count in reference.items():
        verdict.passed += min(passed[name], count)
        if name in said or passed[name] < count:
            what = "\n".join(said.get(name, [])) or DID_NOT_RUN
            if name in listed:
                verdict.excepted.append(name)
            else:
                verdict.unexpected.append((name, what))
        elif name in listed:
            verdict.outdated.append(name)
    # A test that fails here and is not the reference's, or an error that belongs to no test.
    for name, texts in said.items():
        if name not in reference:
            if name in listed:
                verdict.excepted.append(name)
            else:
                verdict.unexpected.append((name, "\n".join(texts)))
    for name in listed:
        if name in NOT_TESTS and name not in said:
            verdict.outdated.append(name)
    return verdict
