"""mesh-init on kernels that lack something: by way of iptables, or with a clear refusal."""

import errno
import subprocess
from contextlib import contextmanager

import pytest
from support.bare_machine import (OPTION_SETS, _init, _machine, _program,  # noqa: F401
                                  legacy, listed, rules, run)
from support.system_calls import refusing

# As kernels answer that have no nf_tables: socket(AF_NETLINK, any, NETLINK_NETFILTER).
without_nf_tables = refusing({"x86_64": 41, "aarch64": 198}, {0: 16, 2: 12}, errno.EPROTONOSUPPORT)
# As kernels without IPv6 connection tracking: getsockopt(any, SOL_IPV6, SO_ORIGINAL_DST, ...).
without_tracking = refusing({"x86_64": 55, "aarch64": 209}, {1: 41, 2: 80}, errno.ENOPROTOOPT)


@contextmanager
def real_programs():
    """The folder in which the iptables programs can still be found when /usr/sbin is hidden."""
    folder = "/run/netns/real-sbin"
    subprocess.run(["mkdir", "-p", folder], check=True)
    subprocess.run(["mount", "--bind", "/usr/sbin", folder], check=True)
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("options", OPTION_SETS)
def test_without_nf_tables_it_uses_iptables(init, options):
    said = init(*options, preexec_fn=without_nf_tables).stderr
    assert "iptables" in said
    assert rules() == ""
    printed = init("--dry-run", "--backend", "iptables", *options).stdout
    found = legacy("iptables") + ("" if "--ipv4-only" in options else legacy("ip6tables"))
    assert sorted(line for line in found.splitlines() if "MESH" in line) == sorted(
        line for line in printed.splitlines() if "MESH" in line)
    again = init(*options, preexec_fn=without_nf_tables)
    assert "already" in again.stderr


def test_removal_takes_the_iptables_variant_too(init):
    for version in ("iptables", "ip6tables"):
        run(f"{version}-legacy", "-t", "nat", "-A", "OUTPUT", "-p", "tcp", "--dport", "1",
            "-j", "ACCEPT")
    before = listed()
    init("--backend", "iptables")
    assert listed() != before
    assert init("--remove").stderr == "mesh-init: removed\n"
    assert listed() == before
    assert rules() == ""
    assert "nothing" in init("--remove").stderr


def test_removal_does_not_make_tables_in_order_to_look_into_them(init):
    init("--remove")
    for name in ("ip_tables_names", "ip6_tables_names"):
        assert run("cat", f"/proc/net/{name}").stdout == ""


def test_a_change_of_backends_leaves_one_set_of_rules(init):
    init("--backend", "iptables")
    init("--backend", "nftables")
    assert "MESH" not in legacy("iptables") + legacy("ip6tables")
    assert rules() == init("--dry-run").stdout
    init("--backend", "iptables")
    assert "MESH" in legacy("iptables")
    assert "MESH" in legacy("ip6tables")
    assert rules() == ""


def test_the_nft_flavour_of_iptables_is_served_and_removed_as_well(init, program):
    """Where there is no legacy flavour."""
    hidden = "mount -t tmpfs none /usr/sbin && for p in iptables ip6tables; do " \
             "ln -s $0/xtables-nft-multi /usr/sbin/$p-restore; " \
             "ln -s $0/xtables-nft-multi /usr/sbin/$p-save; done"
    with real_programs() as folder:
        run("unshare", "--mount", "sh", "-c",
            f"{hidden} && {program} --backend iptables && {program} --backend iptables", folder)
        assert "MESH_OUTBOUND" in rules()
        run("unshare", "--mount", "sh", "-c", f"{hidden} && {program} --remove", folder)
    assert "MESH" not in rules()


def test_without_either_it_says_so(init, program):
    hidden = f"mount -t tmpfs none /usr/sbin && exec {program}"
    done = run("unshare", "--mount", "sh", "-c", hidden, check=False, preexec_fn=without_nf_tables)
    assert done.returncode == 1
    assert done.stderr == ("mesh-init: this kernel has no nf_tables; "
                           "no iptables-restore is installed\n")


def test_when_ipv6_fails_by_iptables_ipv4_is_as_before(init, program):
    hidden = "mount -t tmpfs none /usr/sbin && " \
             "for p in iptables-legacy-restore iptables-legacy-save ip6tables-legacy-save; do " \
             "ln -s $0/xtables-legacy-multi /usr/sbin/$p; done && " \
             "ln -s /bin/false /usr/sbin/ip6tables-legacy-restore"
    with real_programs() as folder:
        for options in ([], ["--skip-outbound-ports", "80"]):
            before = listed()
            done = run("unshare", "--mount", "sh", "-c",
                       f"{hidden} && {program} --backend iptables --outbound-port 5000", folder,
                       check=False)
            assert done.returncode == 1
            assert "ip6tables" in done.stderr
            assert listed() == before
            init("--backend", "iptables", *options)


@pytest.mark.parametrize("backend", ["nftables", "iptables"])
def test_connections_that_the_proxy_could_not_understand_are_not_redirected(init, backend):
    done = init("--backend", backend, check=False, preexec_fn=without_tracking)
    assert done.returncode == 1
    assert "no connection tracking for IPv6" in done.stderr
    assert "--ipv4-only" in done.stderr
    assert "MESH" not in legacy("iptables") + legacy("ip6tables")
    assert rules() == ""
    init("--backend", backend, "--ipv4-only", preexec_fn=without_tracking)
