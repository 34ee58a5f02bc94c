#!/usr/bin/env python3
"""Runs clang-tidy on our sources, and on each header that no source of its own name includes.

So every header is also compiled alone, here or by the .cpp that includes it first. The tests are
left out: what doctest's macros expand to is not ours. What was found clean is remembered in the
cache by a hash of all that could change the answer, so a second run is quick.

Usage: tests/lint/tidy.py BUILD, a build folder made with clang
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys

import tree

AREAS = ("subprojects/meshkit/", "proxy/", "controller/", "cli/")
CLEAN = pathlib.Path(os.environ.get("MESH_CACHE", "~/.cache/mesh")).expanduser() / "tidy"


def compile_options(build: pathlib.Path) -> dict[str, list[str]]:
    """Each compiled source of ours, with the options that matter to the language."""
    options = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = os.path.relpath(build / entry["file"], tree.ROOT)
        if path.startswith(AREAS):
            options[path] = [word for word in shlex.split(entry["command"])
                             if word.startswith(("-I", "-isystem", "-D", "-std", "-W"))]
    return options


def with_lone_headers(options: dict[str, list[str]]) -> dict[str, list[str]]:
    """Adds the headers without a .cpp of their own, each with the options of a neighbour."""
    folders = {os.path.dirname(path): words for path, words in options.items()}
    lone = {}
    for path in tree.read():
        folder = os.path.dirname(path)
        if path.endswith(".h") and path.removesuffix(".h") + ".cpp" not in options:
            if folder in folders:
                lone[path] = ["-xc++", "-Wno-pragma-once-outside-header", *folders[folder]]
    return options | lone


def key(build: pathlib.Path, path: str, options: list[str]) -> str:
    """Hashes the rules, the options and every file of ours that the source includes."""
    listed = subprocess.run(["clang++-19", "-MM", *options, tree.ROOT / path], cwd=build,
                            capture_output=True, text=True)
    digest = hashlib.sha256(" ".join(options).encode())
    for file in [tree.ROOT / ".clang-tidy", *listed.stdout.replace("\\\n", "").split()[1:]]:
        digest.update((build / file).read_bytes())
    return digest.hexdigest()


def is_clean(build: pathlib.Path, path: str, options: list[str]) -> bool:
    remembered = CLEAN / key(build, path, options)
    if remembered.exists():
        return True
    done = subprocess.run(["clang-tidy-19", "--quiet", tree.ROOT / path, "--", *options], cwd=build,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    if done.returncode == 0:
        remembered.touch()
    else:
        print(f"{path}:\n{done.stdout}", flush=True)
    return done.returncode == 0


def main(build: pathlib.Path) -> bool:
    CLEAN.mkdir(parents=True, exist_ok=True)
    work = with_lone_headers(compile_options(build))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        clean = list(pool.map(lambda item: is_clean(build, *item), work.items()))
    print(f"{clean.count(True)} passed, {clean.count(False)} failed")
    return not all(clean)


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve()))
