#!/usr/bin/env python3
"""Runs the unit tests of a build and adds up their test cases.

Usage: tests/unit/run.py BUILD
"""

import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

LIMIT = 300  # seconds for one program
OPTIONS = {
    "ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1",
    "UBSAN_OPTIONS": "print_stacktrace=1",
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1",
}
SUMMARY = re.compile(r"test cases: +\d+ \| +(\d+) passed \| +(\d+) failed \| +(\d+) skipped")


def run(program: pathlib.Path) -> tuple[int, int, int]:
    """Cases passed, failed and skipped; a program that dies has failed one more."""
    # ThreadSanitizer cannot map its shadow under strong address randomisation, hence setarch.
    command = ["setarch", "--addr-no-randomize", program, "--no-version", "--no-colors=true"]
    try:
        done = subprocess.run(command, env=OPTIONS | os.environ, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", timeout=LIMIT)
    except subprocess.TimeoutExpired:
        print(f"{program.name}: not done after {LIMIT} s")
        return 0, 1, 0
    summary = SUMMARY.search(done.stdout)
    passed, failed, skipped = map(int, summary.groups()) if summary else (0, 0, 0)
    if done.returncode != 0:
        print(f"{program.name}: status {done.returncode}\n{done.stdout}", flush=True)
        failed = max(failed, 1)
    return passed, failed, skipped


def main(build: pathlib.Path) -> bool:
    programs = [p for p in sorted(build.glob("tests/unit-*")) if p.is_file() and os.access(p, os.X_OK)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(run, programs))
    passed, failed, skipped = map(sum, zip((0, 0, 0), *results))
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return failed > 0 or passed == 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
