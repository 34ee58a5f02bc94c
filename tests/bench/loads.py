"""Loads on one pair, each with what it says: a dictionary from metric to number.

CPU time is that of both sidecars, user and system, from the scheduler's nanosecond accounts.
"""

import json
import re
import subprocess
import threading
import time

from app import BODY_MB
from peers.pair import GRPC_PORT, H1_PORT, H2_PORT, Pair
from support import programs

MEMORY = "memory_load"
UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 60e3}


class LoadFailed(Exception):
    """A load whose figures would mean nothing; the text says why."""


def closed_loop(pair: Pair, seconds: float) -> dict:
    """wrk, one thread, 50 connections, as fast as it goes."""
    text, cpu, memory = _watched(pair, _wrk(pair, seconds), seconds)
    requests = _wrk_requests(text)
    found = {"wrk_rps": _number(r"Requests/sec:\s+([\d.]+)", text),
             "wrk_p50": _wrk_latency("50", text), "wrk_p99": _wrk_latency("99", text)}
    if pair.sidecars():
        found |= {"wrk_cpu": cpu / requests * 1e6, MEMORY: memory}
    return found


def new_connections(pair: Pair, seconds: float) -> dict:
    """wrk with a new client connection for each request."""
    text, cpu, _ = _watched(pair, _wrk(pair, seconds, "-H", "Connection: close"), seconds)
    found = {"conn_rps": _number(r"Requests/sec:\s+([\d.]+)", text)}
    if pair.sidecars():
        found["conn_cpu"] = cpu / _wrk_requests(text) * 1e6
    return found


def constant_rate(rate: int):
    """fortio, 16 connections, open loop, `rate` requests a second."""
    def load(pair: Pair, seconds: float) -> dict:
        command = _fortio("load", seconds, "-qps", str(rate), _url(pair, H1_PORT))
        text, cpu, _ = _watched(pair, command, seconds)
        report = _fortio_report(text, "200")
        count = report["DurationHistogram"]["Count"]
        found = {f"rate{rate}_{name}": value for name, value in _percentiles(report).items()}
        found[f"rate{rate}_rps"] = report["ActualQPS"]
        if pair.sidecars():
            found[f"rate{rate}_cpu"] = cpu / count * 1e6
        return found
    return load


def http2(pair: Pair, seconds: float) -> dict:
    """h2load, 10 connections with 20 streams each."""
    command = ["h2load", "-t1", "-c10", "-m20", "-D", str(int(seconds)), _url(pair, H2_PORT)]
    text, cpu, _ = _watched(pair, command, seconds)
    done = _number(r"(\d+) succeeded", text)
    if done == 0 or _number(r"(\d+) failed", text) or _number(r"(\d+) errored", text):
        raise LoadFailed(_first_lines(text, "failed"))
    found = {"h2_rps": _number(r"finished in .*?, ([\d.]+) req/s", text)}
    if pair.sidecars():
        found["h2_cpu"] = cpu / done * 1e6
    return found


def grpc(pair: Pair, seconds: float) -> dict:
    """fortio's gRPC ping, 10 connections with 20 streams each, as fast as it goes."""
    command = _fortio("load", seconds, "-grpc", "-ping", "-qps", "0", "-s", "20", "-c", "10",
                      f"{pair.target}:{GRPC_PORT}")
    text, cpu, _ = _watched(pair, command, seconds)
    report = _fortio_report(text, "SERVING")
    found = {"grpc_rps": report["ActualQPS"]}
    if pair.sidecars():
        found["grpc_cpu"] = cpu / report["DurationHistogram"]["Count"] * 1e6
    return found


def bulk(pair: Pair, seconds: float) -> dict:
    """10 MB bodies with curl, one after the other."""
    url = _url(pair, H1_PORT) + "big"
    count = 4
    before = time.monotonic()
    _watched(pair, _curl(url, count), seconds)
    count = max(4, round(count * seconds / (time.monotonic() - before)))
    before = time.monotonic()
    text, cpu, _ = _watched(pair, _curl(url, count), seconds)
    taken = time.monotonic() - before
    if text.split() != ["200"] * count:
        raise LoadFailed(f"answers {sorted(set(text.split()))}")
    found = {"bulk_rate": count * BODY_MB / taken}
    if pair.sidecars():
        found["bulk_cpu"] = cpu / (count * BODY_MB) * 1e6
    return found


def _wrk(pair: Pair, seconds: float, *more: str) -> list[str]:
    return ["wrk", "-t1", "-c50", f"-d{int(seconds)}s", "--latency", *more, _url(pair, H1_PORT)]


def _fortio(verb: str, seconds: float, *more: str) -> list[str]:
    common = ["-c", "16", "-t", f"{seconds}s", "-r", "0.00001", "-quiet", "-json", "-"]
    percentiles = ["-p", "50,90,99,99.9"]
    return [str(programs.fortio()), verb, *common, *percentiles, *more]


def _curl(url: str, count: int) -> list[str]:
    """`count` times on one connection; prints the status of each."""
    return ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}\\n", f"{url}?[1-{count}]"]


def _url(pair: Pair, port: int) -> str:
    return f"http://{pair.target}:{port}/"


def _watched(pair: Pair, command: list[str], seconds: float) -> tuple[str, float, float]:
    """Runs a load in the client's namespace: its output, CPU seconds and most MB of a sidecar.

    `seconds` is how long it should take; several times that is a stall.
    """
    peak = [0.0]
    done = threading.Event()

    def sample() -> None:
        while not done.wait(0.25):
            peak[0] = max([peak[0], *(b / 1e6 for b in pair.resident_bytes())])

    sampler = threading.Thread(target=sample)
    sampler.start()
    before = pair.cpu_seconds()
    try:
        finished = subprocess.run(pair.client.command(command), capture_output=True, text=True,
                                  timeout=5 * seconds + 20)
    except subprocess.TimeoutExpired as stalled:
        raise LoadFailed(f"{command[0]} was still at it after {stalled.timeout:.0f} s") from None
    finally:
        done.set()
        sampler.join()
    cpu = pair.cpu_seconds() - before
    if finished.returncode != 0:
        raise LoadFailed(f"{command[0]} ended with {finished.returncode}: {finished.stderr[-300:]}")
    return finished.stdout, cpu, peak[0]


def _wrk_requests(text: str) -> float:
    bad = [line.strip() for line in text.splitlines() if re.search("Socket errors|Non-2xx", line)]
    if bad:
        raise LoadFailed("; ".join(bad))
    return _number(r"(\d+) requests in", text)


def _wrk_latency(percent: str, text: str) -> float:
    """Milliseconds."""
    found = re.search(rf"\s{percent}%\s+([\d.]+)(us|ms|s|m)", text)
    return float(found[1]) * UNITS[found[2]]


def _fortio_report(text: str, good: str) -> dict:
    report = json.loads(text[text.index("{"):])
    bad = {code: n for code, n in report["RetCodes"].items() if code not in (good, "0")}
    if bad:
        raise LoadFailed(f"answers {bad}")
    return report


def _percentiles(report: dict) -> dict[str, float]:
    """Microseconds."""
    return {f"p{p['Percentile']:g}": p["Value"] * 1e6
            for p in report["DurationHistogram"]["Percentiles"]}


def _number(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    if not found:
        raise LoadFailed(f"no {pattern!r} in: {text[-300:]}")
    return float(found[1])


def _first_lines(text: str, word: str) -> str:
    return "; ".join(line for line in text.splitlines() if word in line)
