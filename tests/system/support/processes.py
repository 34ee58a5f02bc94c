"""One started program: its pid, its log, its end."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


class Failure(Exception):
    """Something the tests stand on did not come up; the text says what and shows the log."""


class Process:
    """A program in its own session, with standard output and error in one log file."""

    def __init__(self, command: Sequence[str], log: Path, env: Mapping[str, str] | None = None,
                 cwd: Path | None = None):
        self.log = log
        self.command = list(command)
        self.started = time.monotonic()
        with open(log, "ab") as out:
            self._child = subprocess.Popen(
                self.command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, cwd=cwd,
                env=dict(env) if env is not None else None, start_new_session=True)

    @property
    def pid(self) -> int:
        return self._child.pid

    def running(self) -> bool:
        return self._child.poll() is None

    def wait(self, seconds: float) -> int:
        """The exit code; raises when it still runs after `seconds`."""
        return self._child.wait(seconds)

    def signal(self, number: int) -> None:
        if self.running():
            self._child.send_signal(number)

    def stop(self, grace: float = 5.0) -> None:
        """Ends it and what it started: SIGTERM, and SIGKILL after `grace`."""
        self.signal(signal.SIGTERM)
        try:
            self._child.wait(grace)
        except subprocess.TimeoutExpired:
            pass
        self.kill()

    def kill(self) -> None:
        """Ends it and what it started, at once."""
        try:
            os.killpg(self._child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._child.wait(10)

    def output(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def family(self) -> list[int]:
        """Its pid and those of its descendants."""
        found = [self.pid]
        for pid in found:
            for task in _listed(f"/proc/{pid}/task"):
                found += [int(p) for p in _read(f"/proc/{pid}/task/{task}/children").split()]
        return found

    def cpu_seconds(self) -> float:
        """User and system time so far of the program and its descendants that still run."""
        return sum(_cpu(pid) for pid in self.family())

    def resident_bytes(self) -> int:
        """Resident memory of the program and its descendants."""
        pages = (_read(f"/proc/{pid}/statm").split() for pid in self.family())
        return sum(int(p[1]) for p in pages if p) * os.sysconf("SC_PAGE_SIZE")


def _cpu(pid: int) -> float:
    """Nanosecond accounting of the scheduler, summed over threads; user and system together."""
    total = 0
    for task in _listed(f"/proc/{pid}/task"):
        fields = _read(f"/proc/{pid}/task/{task}/schedstat").split()
        total += int(fields[0]) if fields else 0
    if total:
        return total / 1e9
    fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS if fields else 0.0


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""


def _listed(path: str) -> list[str]:
    try:
        return os.listdir(path)
    except OSError:
        return []


def wait_until(question: Callable[[], bool], seconds: float, what: str,
               process: Process | None = None) -> None:
    """Polls until `question` is true; fails early when `process` ends."""
    deadline = time.monotonic() + seconds
    while not question():
        if process is not None and not process.running():
            raise Failure(f"{what}: it ended with {process.wait(0)}\n{process.output()[-3000:]}")
        if time.monotonic() > deadline:
            shown = f"\n{process.output()[-3000:]}" if process else ""
            raise Failure(f"{what}: not within {seconds} s{shown}")
        time.sleep(0.003)
