"""Puts a program in namespaces of its own, so that nothing it does outlives it or is seen outside:
network (bridge, redirection), mounts (/run/netns), processes (all end with the first).
"""

import os
import subprocess
import sys

MARK = "MESH_TEST_SANDBOX"
UNSHARE = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]


def inside() -> bool:
    return os.environ.get(MARK) == "1"


def environment() -> dict[str, str]:
    """What a program started with UNSHARE finds, so that it knows where it is."""
    if os.geteuid() != 0:
        sys.exit("network namespaces need root: run it as root")
    return os.environ | {MARK: "1"}


def enter() -> None:
    """Goes on as the same program inside; returns when it already is."""
    if inside():
        _prepare()
    else:
        os.execvpe(UNSHARE[0], [*UNSHARE, sys.executable, *sys.argv], environment())


def _prepare() -> None:
    os.makedirs("/run/netns", exist_ok=True)
    run = subprocess.run
    run(["mount", "-t", "tmpfs", "netns", "/run/netns"], check=True)
    run(["ip", "link", "set", "lo", "up"], check=True)
