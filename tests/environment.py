"""The virtual environment of the tests: built when it is missing or out of date.

`python3 tests/environment.py` prints the path of its interpreter; other programs import `python()`.
It lives in ${MESH_CACHE:-~/.cache/mesh}/venv, so that a clean checkout is quick as well.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent


def cache() -> Path:
    """Where fetched and built things of the tests are kept."""
    chosen = os.environ.get("MESH_CACHE")
    return Path(chosen) if chosen else Path.home() / ".cache" / "mesh"


def python(*requirements: Path) -> Path:
    """The interpreter of an environment that has at least `requirements` installed."""
    wanted = requirements or (TESTS / "requirements.txt",)
    home = cache() / "venv"
    home.parent.mkdir(parents=True, exist_ok=True)
    with open(cache() / "venv.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "bin" / "python").exists():
            subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        for file in wanted:
            _install(home, file)
    return home / "bin" / "python"


def _install(home: Path, requirements: Path) -> None:
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()[:16]
    stamp = home / f".installed-{digest}"
    if stamp.exists():
        return
    print(f"installing the packages of {requirements.name}", file=sys.stderr)
    pip = [str(home / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--requirement", str(requirements)], check=True, stdout=sys.stderr)
    stamp.touch()


def enter(*requirements: Path) -> None:
    """Goes on as the same program under that interpreter; returns when it already is."""
    wanted = python(*requirements)
    if Path(sys.prefix).resolve() != (cache() / "venv").resolve():
        os.execv(wanted, [str(wanted), *sys.argv])


if __name__ == "__main__":
    print(python())
