#!/usr/bin/env python3
"""Runs the lints: each on its own samples, so that it is known to work, then on the repository.

Usage: tests/lint/run.py [LINT...]
"""

import importlib
import sys

import tree

LINTS = ("layers", "limits", "words", "docs")


def broken(lint) -> list[str]:
    """What the lint gets wrong about its own samples."""
    wrong = [f"{lint.__name__}: finds no fault in {sample}" for sample in lint.BAD
             if not list(lint.faults(sample))]
    return wrong + [f"{lint.__name__}: its good sample: {fault}" for fault in lint.faults(lint.GOOD)]


def main(names):
    files = tree.read()
    failed = 0
    for name in names:
        lint = importlib.import_module(name)
        for check in (broken(lint), list(lint.faults(files))):
            failed += bool(check)
            print(*check, sep="\n", end="\n" if check else "")
    print(f"{2 * len(names) - failed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or LINTS))
