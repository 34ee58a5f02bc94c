#!/usr/bin/env python3
"""Runs the steps of the test command and adds up what they report.

A step ends with a line `N passed, N failed`, perhaps followed by `, N skipped`; one that prints no
such line counts as one, passed or failed by its exit status. The last line is the sum of all.

Usage: tests/run.py [STEP...]; `fast` stands for the steps that take a minute.
"""

import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent

STEPS = {
    "format": "./dev format --check",
    "release": "./dev build release",
    "asan": "./dev build asan && python3 tests/unit/run.py build/asan",
    "lint": "python3 tests/lint/run.py",
    "shell": "shellcheck dev .ci/run",
    "fuzz": "python3 tests/fuzz/run.py --seconds 5",
    "system": "python3 tests/system/run.py",
}
DEBUG = {"debug": "./dev build debug && python3 tests/unit/run.py build/debug"}
# By name only, until the whole tree has passed them once.
NAMED = {
    "tidy": "python3 tests/lint/tidy.py build/asan",
    "tsan": "./dev build tsan && python3 tests/unit/run.py build/tsan",
}
FAST = ("format", "lint", "shell", "debug")

SUMMARY = re.compile(r"(\d+) passed, (\d+) failed(?:, (\d+) skipped)?")


def run(command: str) -> tuple[int, int, int]:
    """Shows the output of a step as it comes; returns what passed, failed and was skipped."""
    counts = None
    with subprocess.Popen(command, shell=True, cwd=ROOT, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace") as step:
        for line in step.stdout:
            summary = SUMMARY.fullmatch(line.strip())
            if summary:
                counts = tuple(int(count or 0) for count in summary.groups())
            else:
                print(line, end="", flush=True)
    if counts is None:
        return int(step.returncode == 0), int(step.returncode != 0), 0
    if step.returncode != 0 and counts[1] == 0:  # it broke after it had counted
        return counts[0], 1, counts[2]
    return counts


def line(counts: tuple[int, int, int]) -> str:
    passed, failed, skipped = counts
    return f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else "")


def main(names) -> bool:
    chosen = FAST if names == ["fast"] else names or STEPS
    report = {}
    for name in chosen:
        print(f"--- {name}", flush=True)
        started = time.monotonic()
        report[name] = run((STEPS | DEBUG | NAMED)[name])
        print(f"--- {name}: {line(report[name])} in {time.monotonic() - started:.0f} s\n", flush=True)
    total = tuple(map(sum, zip(*report.values())))
    print(line(total))
    return total[1] > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
