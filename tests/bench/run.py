"""The benchmark: `./dev bench [names]`, or `python3 tests/bench/run.py [names] [options]`.

Names are measurements: wrk, rate200, rate2000, h2, grpc, bulk, conn, footprint (all by default).
In each round every peer is measured once, one after the other, and medians are shown, because
figures of one machine drift: compare ratios within one run. Needs root.
"""

import argparse
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "bench"), str(TESTS), str(TESTS / "system")]
sys.dont_write_bytecode = True

import environment  # noqa: E402
from support import programs, sandbox  # noqa: E402

REQUIREMENTS = (TESTS / "requirements.txt", TESTS / "bench" / "requirements.txt")
NAMES = ("footprint", "wrk", "rate200", "rate2000", "h2", "grpc", "bulk", "conn")


def main() -> int:
    environment.enter(*REQUIREMENTS)
    options = parse()
    programs.fortio()  # fetched out here: there is no network inside
    sandbox.enter()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    from report import Results
    pairs, skipped = stand_up(options)
    results = Results([(p.name, p.title) for p in pairs])
    measure(pairs, results, options)
    show(results, skipped, options)
    return 1 if results.failures else 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="compares sidecars in one run")
    parser.add_argument("names", nargs="*", metavar="NAME", help=" ".join(NAMES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8, help="of each load")
    parser.add_argument("--only", help="measurements, separated by commas, as the names")
    parser.add_argument("--peers", help="none,mesh,haproxy,envoy,nginx")
    parser.add_argument("--json", default="build/bench.json", help="where the figures go")
    options = parser.parse_args()
    options.names = options.names or (options.only.split(",") if options.only else list(NAMES))
    for name in set(options.names) - set(NAMES):
        parser.error(f"no measurement is named {name}")
    return options


def stand_up(options: argparse.Namespace):
    """The pairs that can run here, started, and what is missing for the others."""
    import peers
    from control.authority import Authority
    from topology import Network
    folder = Path(tempfile.mkdtemp(prefix="mesh-bench-"))
    network = Network(folder)
    authority = Authority(folder / "authority")
    wanted = options.peers.split(",") if options.peers else [p.name for p in peers.ALL]
    pairs, skipped = [], []
    for peer in (p for p in peers.ALL if p.name in wanted):
        if peer.missing():
            skipped.append(f"{peer.title} is left out: {peer.missing()}")
            say(skipped[-1])
            continue
        say(f"starting {peer.title}")
        pair = peer(network, authority)
        pair.start()
        pairs.append(pair)
    return pairs, skipped


def measure(pairs: list, results, options: argparse.Namespace) -> None:
    import loads
    from footprint import footprint
    from peers.pair import GRPC_PORT, H2_PORT
    table = {"wrk": loads.closed_loop, "rate200": loads.constant_rate(200),
             "rate2000": loads.constant_rate(2000), "h2": loads.http2, "grpc": loads.grpc,
             "bulk": loads.bulk, "conn": loads.new_connections}
    needs = {"h2": H2_PORT, "grpc": GRPC_PORT}
    if "footprint" in options.names:
        for pair in pairs:
            attempt(results, pair, "footprint", lambda pair=pair: footprint(pair))
    for number in range(1, options.rounds + 1):
        for name in (n for n in NAMES if n in options.names and n in table):
            say(f"round {number}: {name}")
            for pair in (p for p in pairs if needs.get(name, 80) in p.ports):
                attempt(results, pair, name, lambda: table[name](pair, options.seconds))


def attempt(results, pair, name: str, measured) -> None:
    from loads import LoadFailed
    from support.processes import Failure
    try:
        results.add(pair.name, measured())
    except (LoadFailed, Failure, OSError) as fault:
        results.failures.append(f"{name} of {pair.title}: {fault}")
        say(results.failures[-1])


def show(results, skipped: list[str], options: argparse.Namespace) -> None:
    file = Path(options.json)
    file.parent.mkdir(parents=True, exist_ok=True)
    load = ", ".join(f"{x:.1f}" for x in os.getloadavg())
    settings = {"rounds": options.rounds, "seconds": options.seconds, "load_average": load,
                "cores": os.cpu_count(), "kernel": os.uname().release,
                "when": time.strftime("%Y-%m-%d %H:%M:%S")}
    results.write(file, settings)
    print(f"\nmedians of {options.rounds} rounds of {options.seconds:g} s, {os.cpu_count()} cores, "
          f"load average at the end {load}\n")
    print(results.plain(), end="\n\n")
    print(results.markdown(), end="\n\n")
    for line in [*results.aims(), *skipped, *results.failures]:
        print(line)
    print(f"all figures: {file}")


def say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
