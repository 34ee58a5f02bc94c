#!/usr/bin/env python3
"""Runs the fuzz targets of build/asan, each from its seeds in tests/fuzz/corpus/<name>.

Inputs that reach new code are kept in the cache and start the next run. An input that fails is
left in build/asan/crashes; give it to build/asan/tests/fuzz/fuzz-<name> to see the failure again.

Usage: tests/fuzz/run.py [--seconds N] [NAME...]
"""

import argparse
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / "build/asan/tests/fuzz"
CRASHES = ROOT / "build/asan/crashes"
FOUND = pathlib.Path(os.environ.get("MESH_CACHE", "~/.cache/mesh")).expanduser() / "corpus"


def fuzz(name: str, seconds: int) -> bool:
    found = FOUND / name
    found.mkdir(parents=True, exist_ok=True)
    CRASHES.mkdir(parents=True, exist_ok=True)
    seeds = ROOT / "tests/fuzz/corpus" / name
    done = subprocess.run(
        [PROGRAMS / f"fuzz-{name}", f"-max_total_time={seconds}", "-timeout=5", "-rss_limit_mb=1024",
         f"-artifact_prefix={CRASHES}/{name}-", found, *([seeds] if seeds.exists() else [])],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    lines = done.stdout.splitlines()
    print(f"{name}: {lines[-1] if lines else ''}", flush=True)
    if done.returncode != 0:
        print(*lines[-60:], sep="\n", flush=True)
    return done.returncode == 0


def main() -> bool:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    built = [p.name.removeprefix("fuzz-") for p in sorted(PROGRAMS.glob("fuzz-*")) if p.is_file()]
    passed = [fuzz(name, arguments.seconds) for name in arguments.names or built]
    print(f"{passed.count(True)} passed, {passed.count(False)} failed")
    return not all(passed)


if __name__ == "__main__":
    sys.exit(main())
