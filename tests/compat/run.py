#!/usr/bin/env python3
"""Runs the reference's own test suite against slotwise, and judges it by test name.

    tests/compat/run.py                                              all units, standalone and as a cluster node
    tests/compat/run.py --unit unit/type/string --mode standalone    one unit, in one mode
    tests/compat/run.py --unit unit/type/string --port 7001 --only '/^SET'
                                                                     … against a server that runs already (it is flushed)
    tests/compat/run.py --record                                     record again what the reference itself passes

Every unit gets a server of its own (`slotwise node`). What fails must be listed in `exceptions.txt`, what is listed
there must fail. The suite's whole output is kept below the cache directory, which is printed with every failure.
"""

import argparse
import re
import shutil
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

import suite
import verdict as verdicts

ROOT = Path(__file__).resolve().parents[2]
UNITS = (
    # The longest first, so that none of them is what the others wait for at the end.
    "unit/type/list-3", "unit/hyperloglog", "unit/type/list", "integration/redis-cli", "unit/expire",
    "unit/introspection-2", "unit/geo", "unit/type/zset", "unit/type/stream", "unit/scan", "unit/type/string",
    "unit/other", "unit/type/set", "unit/type/hash", "unit/type/stream-cgroups", "unit/sort", "unit/bitops",
    "unit/keyspace", "unit/introspection", "unit/slowlog", "unit/protocol", "unit/latency-monitor", "unit/type/incr",
    "unit/multi", "unit/pubsub", "unit/bitfield", "unit/dump", "unit/lazyfree", "unit/info-command", "unit/quit", "unit/replybufsize",
)  # fmt: skip


# Units whose tests send on one connection, then on another, and expect both to be run in this order: that is promised
# by one thread only.
IN_ORDER = {"unit/pubsub", "unit/multi", "unit/type/list", "unit/type/zset", "unit/type/stream", "unit/type/stream-cgroups"}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--unit", action="append", metavar="UNIT", help="only this unit; may be repeated")
    parser.add_argument("--mode", choices=verdicts.MODES, help="only this mode (default: both)")
    parser.add_argument("--only", action="append", default=[], metavar="TEST", help="only this test, or /regexp")
    parser.add_argument("--port", type=int, help="use the server that listens there instead of starting one")
    parser.add_argument("--server", default="target/release/slotwise", metavar="PROGRAM",
                        help="program to start (default: %(default)s)")  # fmt: skip
    parser.add_argument("--reference", action="store_true", help="start redis-server instead of slotwise")
    parser.add_argument("--record", action="store_true", help="write reference.tsv from redis-server's own results")
    parser.add_argument("--propose", action="store_true", help="print lines for exceptions.txt for what fails unlisted")
    parser.add_argument("--jobs", type=int, default=3, metavar="N", help="units at a time (default: %(default)s)")
    parser.add_argument("--baseport", type=int, default=17690, metavar="PORT",
                        help="first of the 36 ports per job that the suite uses for itself (default: %(default)s)")  # fmt: skip
    parser.add_argument("--server-ports", default="22800-22899", metavar="FIRST-LAST",
                        help="where servers are started (default: %(default)s)")  # fmt: skip
    parser.add_argument("--cache", type=Path, default=ROOT / "target" / "compat", metavar="DIR")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    options.reference |= options.record
    options.jobs = 1 if options.port else options.jobs
    source = suite.fetch(options.cache)
    reference = {} if options.record else verdicts.read_reference()
    exceptions = {} if options.reference else verdicts.read_exceptions()
    if unknown := verdicts.unknown_exceptions(exceptions, reference):
        raise verdicts.ListError("exceptions.txt lists tests that reference.tsv does not have:\n  " + "\n  ".join(unknown))

    modes = (options.mode,) if options.mode else ("standalone",) if options.port else verdicts.MODES
    tasks = [(unit, mode) for unit in options.unit or UNITS for mode in modes]
    # Two jobs' ports must not meet: a test fails when its port is taken between its looking and its listening.
    lanes: SimpleQueue[int] = SimpleQueue()
    for job in range(options.jobs):
        lanes.put(options.baseport + suite.LANE_PORTS * job)

    def work(task: tuple[str, str]) -> tuple[str, str, suite.UnitRun]:
        lane = lanes.get()
        try:
            return (*task, run_one(options, source, *task, lane))
        finally:
            lanes.put(lane)

    results = []
    with ThreadPoolExecutor(options.jobs) as pool:
        for unit, mode, run in pool.map(work, tasks):
            if options.record:
                results.append((unit, mode, run))
                print(f"{mode:10} {unit:24} {len(run.passed):4} passed {len(run.failed):3} failed  {run.seconds:5.1f} s")
                for name, text in run.failed:
                    print(f"    {name}: {text}")
            else:
                expected = reference.get((unit, mode), Counter())
                if options.only:
                    shown = Counter({n: c for n, c in expected.items() if n in run.passed or n in dict(run.failed)})
                    expected = shown
                listed = exceptions.get((unit, mode), {})
                if options.only:
                    listed = {name: reason for name, reason in listed.items() if name in expected}
                verdict = verdicts.judge(unit, mode, run, expected, listed)
                results.append(verdict)
                report(verdict, options)
            sys.stdout.flush()
    if options.record:
        return record(results)
    return summary(results, options)


def run_one(options: argparse.Namespace, source: Path, unit: str, mode: str, lane: int) -> suite.UnitRun:
    work = options.cache / "run" / f"{mode}-{unit.replace('/', '-')}"
    if options.port:
        return suite.run_unit(source, unit, mode, options.port, lane, options.only, work)
    scratch = work.with_name(work.name + "-server")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    first, last = map(int, options.server_ports.split("-"))
    program = ["redis-server"] if options.reference else [options.server, "node"]
    if unit in IN_ORDER and not options.reference:
        program += ["--threads", "1"]
    server = suite.Server(program, mode, range(first, last + 1), work.with_name(work.name + ".server.log"), scratch)
    try:
        run = suite.run_unit(source, unit, mode, server.port, lane, options.only, work)
    finally:
        wrong = server.stop()
    if wrong:
        run.failed.append((suite.SERVER, wrong))
    return run


def report(verdict: verdicts.Verdict, options: argparse.Namespace) -> None:
    note = f", {len(verdict.excepted)} listed exceptions" if verdict.excepted else ""
    mark = "ok  " if verdict.good else "FAIL"
    print(f"{mark} {verdict.mode:10} {verdict.unit:24} {verdict.passed:4}/{verdict.expected}{note}  {verdict.seconds:.1f} s")
    # What belongs to no test first: it is why tests did not run.
    for name, text in sorted(verdict.unexpected, key=lambda found: found[0] not in verdicts.NOT_TESTS):
        lines = text.splitlines()
        if text == verdicts.DID_NOT_RUN:
            print(f"    {text}: {name}")
            continue
        print(f"    failed: {name}")
        for line in lines[:6]:
            print(f"        {line[:240]}")
        if len(lines) > 6:
            print(f"        … {len(lines) - 6} more lines")
    for name in verdict.outdated:
        print(f"    passes, and exceptions.txt lists it: {name}")
    if not verdict.good:
        print(f"    whole output: {options.cache}/run/{verdict.mode}-{verdict.unit.replace('/', '-')}/output")


def record(results: list[tuple[str, str, suite.UnitRun]]) -> int:
    failed = sum(len(run.failed) for _, _, run in results)
    if failed:
        print(f"{failed} tests fail on the reference itself; reference.tsv stays as it was")
        return 1
    verdicts.write_reference({(unit, mode): Counter(run.passed) for unit, mode, run in results})
    return 0


def propose(results: list[verdicts.Verdict]) -> None:
    """Prints what fails unlisted as lines for exceptions.txt. Their reasons are what the tests said: to be judged."""
    modes: dict[tuple[str, str], list[str]] = {}
    reasons: dict[tuple[str, str], str] = {}
    for verdict in results:
        for name, text in verdict.unexpected:
            modes.setdefault((verdict.unit, name), []).append(verdict.mode)
            missing = re.search(r"ERR ([A-Z]+(?: [A-Z]+)?) is not supported by slotwise yet", text)
            said = f"needs {missing[1]}" if missing else (text.splitlines() or ["?"])[0].replace(" | ", " / ")[:120]
            reasons.setdefault((verdict.unit, name), said)
    print("\nlines for exceptions.txt:")
    for (unit, name), of in modes.items():
        print(f"{'both' if len(of) == 2 else of[0]} | {unit} | {name} | {reasons[unit, name]}")


def summary(results: list[verdicts.Verdict], options: argparse.Namespace) -> int:
    if options.propose:
        propose(results)
    print()
    for mode in verdicts.MODES:
        of_mode = [v for v in results if v.mode == mode]
        if of_mode:
            passed, expected = sum(v.passed for v in of_mode), sum(v.expected for v in of_mode)
            listed = sum(len(v.excepted) for v in of_mode)
            print(f"compatibility, {mode}: {passed} of the reference's {expected} tests pass, {listed} listed exceptions")
    passed = sum(v.passed for v in results)
    failed = sum(len(v.unexpected) + len(v.outdated) for v in results)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or passed == 0 else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (suite.SuiteError, verdicts.ListError, OSError) as error:
        sys.exit(f"tests/compat/run.py: {error}")
