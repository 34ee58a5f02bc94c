"""Runs the system tests: `python3 tests/system/run.py [--junit FILE] [pytest arguments]`.

It enters the tests' Python environment and a sandbox of namespaces first; needs root, and
mesh-proxy and mesh-init built (./dev build; MESH_BUILD names another build folder). --plain runs
without sidecars those tests that demand nothing but transparency: they must pass then, too. Ends
with a line "N passed, N failed" and exits with pytest's code.
"""

import os
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "system")]
sys.dont_write_bytecode = True

import environment  # noqa: E402
from support import programs, sandbox  # noqa: E402


def main() -> int:
    environment.enter()
    if not sandbox.inside():
        programs.fetch()  # out here: there is no network inside
    sandbox.enter()
    import pytest
    arguments = sys.argv[1:]
    if "--plain" in arguments:
        arguments.remove("--plain")
        os.environ["MESH_TEST_PLAIN"] = "1"
    junit = Path(tempfile.gettempdir()) / "mesh-system-tests.xml"
    if "--junit" in arguments:
        at = arguments.index("--junit")
        junit = Path(arguments[at + 1])
        del arguments[at:at + 2]
    arguments = [located(a) for a in arguments]
    if not any(a.endswith(".py") or ".py::" in a for a in arguments):
        arguments.append(str(TESTS / "system"))
    code = pytest.main(["-p", "no:cacheprovider", "-c", str(TESTS / "system" / "pytest.ini"),
                        f"--junitxml={junit}", *arguments])
    print_counts(junit)
    return int(code)


def located(argument: str) -> str:
    """A test file may be given by its name alone."""
    beside = TESTS / "system" / argument
    return str(beside) if beside.parent.joinpath(argument.split("::")[0]).is_file() else argument


def print_counts(junit: Path) -> None:
    suites = ElementTree.parse(junit).getroot().iter("testsuite")
    total = failed = 0
    for suite in suites:
        total += int(suite.get("tests", 0))
        failed += int(suite.get("failures", 0)) + int(suite.get("errors", 0))
    print(f"{total - failed} passed, {failed} failed", flush=True)


if __name__ == "__main__":
    sys.exit(main())
