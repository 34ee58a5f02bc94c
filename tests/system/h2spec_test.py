"""HTTP/2 conformance (h2spec) of what clients and peers see: the outbound and the inbound side."""

import re

import pytest
from support import programs
from support.processes import wait_until
from topology import Namespace

PORT = 8090
SUMMARY = re.compile(r"(\d+) tests, (\d+) passed, (\d+) skipped, (\d+) failed")


@pytest.fixture(scope="module")
def nghttpd(server):
    (server.folder / "index.html").write_text("h2spec" * 1000, encoding="ascii")
    server.start("nghttpd", ["nghttpd", "--no-tls", "-d", str(server.folder), str(PORT)])
    wait_until(lambda: server.accepts(PORT), 10, "nghttpd")


def conform(caller: Namespace, host: str) -> None:
    command = [programs.h2spec(), "-h", host, "-p", str(PORT), "-o", "3"]

    done = caller.run(command, check=False, timeout=400)

    found = SUMMARY.search(done.stdout)
    assert found, done.stdout[-2000:] + done.stderr[-2000:]
    print(f"\n{found[0]}")
    total, _, skipped, failed = map(int, found.groups())
    assert total >= 145
    assert failed == 0, done.stdout[done.stdout.index("Failures:"):][:6000]
    assert skipped <= 1


@pytest.mark.mesh
@pytest.mark.parametrize("protocol", ["detect", "http2"])
def test_outbound(client, nghttpd, expose, protocol):
    conform(client, expose(PORT, protocol=protocol))


@pytest.mark.mesh
@pytest.mark.parametrize("protocol", ["detect", "http2"])
def test_inbound(network, control, server, nghttpd, protocol):
    control.api.set_port(workload="*", port=PORT, protocol=protocol)
    caller = Namespace(network, f"caller-{protocol}")
    conform(caller, server.address)


def test_the_app_behind_is_spoken_to_at_all(client, server, nghttpd, expose):
    """nghttpd's own result is no part of the verdict, but h2spec has to get through to it."""
    host = expose(PORT)
    done = client.run([programs.h2spec(), "-h", host, "-p", str(PORT), "-o", "2", "http2/6.7"],
                      check=False)
    assert SUMMARY.search(done.stdout), done.stdout + done.stderr
