"""Runs the system tests: `python3 tests/system/run.py [FILE...] [pytest options]`.

Needs root, and mesh-proxy and mesh-init built (./dev build release; MESH_BUILD names another build
folder). Files may be given by name alone. Each file runs in a sandbox of namespaces of its own,
three at a time; those that measure time or load run by themselves afterwards. --plain runs without
sidecars the tests that demand nothing but transparency: they must pass then, too. Ends with a line
"N passed, N failed".
"""

import os
import subprocess
import sys
import tempfile
import time
from concurrent import futures
from pathlib import Path
from xml.etree import ElementTree

TESTS = Path(__file__).resolve().parents[1]
HERE = TESTS / "system"
sys.path[:0] = [str(TESTS), str(HERE)]
sys.dont_write_bytecode = True

import environment  # noqa: E402
from support import programs, sandbox  # noqa: E402

TOGETHER = 3
ALONE = {"fault_test.py", "flood_test.py"}


def main() -> int:
    environment.enter()
    if sandbox.inside():
        sandbox.enter()
        return run_pytest(sys.argv[1:])
    arguments = sys.argv[1:]
    if "--plain" in arguments:
        arguments.remove("--plain")
        os.environ["MESH_TEST_PLAIN"] = "1"
    programs.fetch()  # out here: there is no network inside
    chosen = [a for a in arguments if is_file(a)] or sorted(f.name for f in HERE.glob("*_test.py"))
    options = [a for a in arguments if not is_file(a)]
    with tempfile.TemporaryDirectory() as reports:
        counts = run_files(chosen, options, Path(reports))
    passed, failed, gaps = map(sum, zip(*counts))
    print(f"{passed} passed, {failed} failed" + (f", {gaps} skipped" if gaps else ""), flush=True)
    return 1 if failed or not passed else 0


def is_file(argument: str) -> bool:
    return argument.split("::")[0].endswith("_test.py")


def run_files(files: list[str], options: list[str], reports: Path) -> list[tuple[int, ...]]:
    def run(file: str) -> tuple[int, ...]:
        return run_file(file, options, reports / f"{abs(hash(file))}.xml", len(files) == 1)

    alone = [f for f in files if Path(f.split("::")[0]).name in ALONE]
    with futures.ThreadPoolExecutor(TOGETHER) as pool:
        counts = list(pool.map(run, [f for f in files if f not in alone]))
    return counts + [run(f) for f in alone]


def run_file(file: str, options: list[str], report: Path, live: bool) -> tuple[int, ...]:
    """One file in a sandbox of its own; shows what it says, at the end unless `live`."""
    program = [sys.executable, str(HERE / "run.py")]
    command = [*program, f"--junitxml={report}", located(file), *options]
    started = time.monotonic()
    out = None if live else subprocess.PIPE
    done = subprocess.run([*sandbox.UNSHARE, *command], env=sandbox.environment(), stdout=out,
                          stderr=None if live else subprocess.STDOUT, text=True, errors="replace")
    passed, failed, gaps = counted(report, done.returncode)
    print(f"{done.stdout or ''}{file}: {passed} passed, {failed} failed in "
          f"{time.monotonic() - started:.0f} s\n", flush=True)
    return passed, failed, gaps


def located(argument: str) -> str:
    """The path of a test that may be given by its file's name alone."""
    name, mark, test = argument.partition("::")
    return (name if Path(name).exists() else str(HERE / name)) + mark + test


def counted(report: Path, code: int) -> tuple[int, int, int]:
    """What passed, what failed, and what failed as known_gaps.txt says it may."""
    if not report.exists():
        return 0, 1, 0
    passed = failed = gaps = 0
    for suite in ElementTree.parse(report).getroot().iter("testsuite"):
        bad = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        passed += max(0, int(suite.get("tests", 0)) - bad - int(suite.get("skipped", 0)))
        failed += bad
        gaps += int(suite.get("skipped", 0))
    no_tests = 5  # pytest's code when all were left out
    return passed, failed if failed or code in (0, no_tests) else 1, gaps


def run_pytest(arguments: list[str]) -> int:
    import pytest
    return int(pytest.main(["-p", "no:cacheprovider", "-c", str(HERE / "pytest.ini"), *arguments]))


if __name__ == "__main__":
    sys.exit(main())
