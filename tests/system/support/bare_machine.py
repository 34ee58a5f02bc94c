"""A network namespace with nothing in it, and mesh-init to run there.

The fixtures `program`, `machine` and `init` are for modules that import them from here.
"""

import subprocess

import pytest
from support import programs

MACHINE = "init-bare"
OPTION_SETS = [
    [],
    ["--ipv4-only"],
    ["--proxy-uid", "0", "--proxy-gid", "65534", "--outbound-port", "5000", "--inbound-port", "1",
     "--control-port", "9", "--admin-port", "7"],
    ["--skip-outbound-ports", "4567-4568,25,53", "--skip-inbound-ports", "22,1-20",
     "--inbound-ports", "80,8000-9000"],
    ["--skip-subnets", "10.0.0.0/8,192.168.1.1,0.0.0.0/0,172.16.0.0/12,fd00::/8,::1,::/0,fe80::/10",
     "--skip-inbound-subnets", "1.2.3.4/31", "--skip-outbound-subnets", "2001:db8::/127"],
]


@pytest.fixture(scope="module", name="program")
def _program(tmp_path_factory):
    """A copy that any user can run."""
    built = programs.built("mesh-init")
    assert built, "mesh-init is not built"
    folder = tmp_path_factory.mktemp("mesh-init", numbered=True)
    for parent in (folder, *folder.parents[:2]):
        parent.chmod(0o755)
    return programs.published(built, folder)


@pytest.fixture(name="machine")
def _machine():
    subprocess.run(["ip", "netns", "add", MACHINE], check=True)
    yield
    subprocess.run(["ip", "netns", "del", MACHINE], check=True)


def run(*command, check=True, **options) -> subprocess.CompletedProcess:
    """Runs a program on the machine."""
    there = ["nsenter", f"--net=/run/netns/{MACHINE}", *map(str, command)]
    return subprocess.run(there, check=check, text=True, capture_output=True, timeout=60, **options)


@pytest.fixture(name="init")
def _init(machine, program):
    """init(option...) runs mesh-init on a machine without any rules."""
    return lambda *options, **how: run(program, *options, **how)


def rules(*options: str) -> str:
    return run("nft", *options, "list", "ruleset").stdout


def legacy(version: str) -> str:
    saved = run(f"{version}-legacy-save", "-t", "nat").stdout
    return "".join(line + "\n" for line in saved.splitlines() if line[:1] in ":-")


def listed() -> str:
    return rules() + legacy("iptables") + legacy("ip6tables")
