"""mesh-init as a command: what it leaves in the kernel, what it says, and when it refuses."""

import errno
import re
import shutil
import subprocess
import threading
from contextlib import contextmanager

import pytest
from support import programs
from support.system_calls import refusing

MACHINE = "init-command"
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
ARMED = re.compile(r"table inet mesh \{.*^\}\n", re.MULTILINE | re.DOTALL)


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
def test_dry_run_prints_what_the_kernel_then_lists(init, options):
    printed = init("--dry-run", *options).stdout
    assert rules() == ""
    init(*options)
    assert rules() == printed


@pytest.mark.parametrize("options", OPTION_SETS)
def test_nft_makes_the_same_of_the_printed_rules(init, options):
    printed = init("--dry-run", *options).stdout
    run("nft", "-f", "-", input=printed)
    listed = rules()
    again = init(*options)
    assert rules() == listed
    # Not only alike to read: nothing had to be written.
    if "--skip-subnets" not in options:  # of which nft compares whole bytes instead of a mask
        assert "already" in again.stderr


@pytest.mark.parametrize("options", OPTION_SETS)
def test_running_it_twice_changes_nothing(init, options):
    init(*options)
    before = rules("--handle")
    again = init(*options)
    assert rules("--handle") == before
    assert again.stderr == "mesh-init: was armed already, nothing changed\n"


def test_the_order_of_lists_makes_no_difference(init):
    init("--skip-outbound-ports", "80-90,25,85-95", "--skip-subnets", "10.0.0.0/8,9.0.0.0/8")
    before = rules("--handle")
    init("--skip-outbound-ports", "25,80-95", "--skip-subnets", "9.0.0.0/8,10.0.0.0/8,10.1.1.1/8")
    assert rules("--handle") == before


@pytest.mark.parametrize("damage", [
    "delete rule inet mesh outbound handle 4",
    "insert rule inet mesh inbound tcp dport 80 drop",
    "add table inet mesh { flags dormant; }",
    "add chain inet mesh outbound { policy drop; }",
    "add chain inet mesh another",
    "add table ip mesh",
    "flush table inet mesh",
    "delete chain inet mesh inbound",
])
def test_it_repairs_what_others_have_changed(init, damage):
    init()
    intact = rules()
    run("nft", damage)
    assert rules() != intact
    init()
    assert rules() == intact


def test_it_touches_no_other_table(init):
    run("nft", "add table inet other { chain outbound { type nat hook output priority -100; "
               "tcp dport 1 redirect to :2; }; }; add table ip6 mesh")
    others = rules()
    init()
    assert rules() != others
    init("--remove")
    assert rules() == others


def test_removal_leaves_nothing_and_succeeds_when_there_is_nothing(init):
    init()
    assert init("--remove").stderr == "mesh-init: removed\n"
    assert rules() == ""
    assert init("--remove").stderr == "mesh-init: was not armed, nothing changed\n"
    assert rules() == ""


def test_removal_can_be_printed(init):
    init("--ipv4-only")
    printed = init("--remove", "--dry-run").stdout
    assert "table ip mesh" in rules()
    run("nft", "-f", "-", input=printed)
    assert rules() == ""
    run("nft", "-f", "-", input=printed)


def test_a_change_of_ip_versions_leaves_one_table(init):
    for options in ([], ["--ipv4-only"], []):
        init(*options)
        assert rules() == init("--dry-run", *options).stdout


def test_there_is_no_moment_with_other_than_whole_rules(init):
    sets = [[], ["--skip-outbound-ports", ",".join(str(port) for port in range(100, 300, 2))]]
    whole = {init("--dry-run", *options).stdout for options in sets}
    init()
    ended = threading.Event()
    seen = []

    def watch():
        while not ended.is_set():
            seen.append(rules())

    watchers = [threading.Thread(target=watch) for _ in range(2)]
    for watcher in watchers:
        watcher.start()
    for _ in range(20):
        for options in sets:
            init(*options)
    ended.set()
    for watcher in watchers:
        watcher.join()
    assert len(seen) > 10
    assert set(seen) <= whole


@pytest.mark.parametrize("backend", ["nftables", "iptables"])
def test_runs_at_the_same_time_all_succeed_and_leave_whole_rules(init, program, backend):
    sets = [["--backend", backend], ["--backend", backend, "--skip-outbound-ports", "1-9,80,90,99"]]
    command = ["nsenter", f"--net=/run/netns/{MACHINE}", program]
    count = 10 if backend == "nftables" else 3
    started = [subprocess.Popen([*command, *options], stderr=subprocess.DEVNULL)
               for options in sets * count]
    assert [process.wait(60) for process in started] == [0] * len(started)

    listed = rules() + legacy("iptables") + legacy("ip6tables")
    whole = []
    for options in sets:
        init("--remove")
        init(*options)
        whole.append(rules() + legacy("iptables") + legacy("ip6tables"))
    assert listed in whole


def test_thousands_of_rules_are_one_transaction(init):
    ports = ",".join(str(port) for port in range(1000, 9000, 2))
    init("--skip-outbound-ports", ports)
    assert rules().count("skipped port") == 4000
    assert "already" in init("--skip-outbound-ports", ports).stderr


@pytest.mark.parametrize("options", [[], ["--remove"], ["--backend", "iptables"]])
def test_without_privilege_one_line_names_the_capability(init, program, options):
    done = run("setpriv", "--reuid=1000", "--regid=1000", "--clear-groups", program, *options,
               check=False)
    assert done.returncode == 77
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "CAP_NET_ADMIN" in done.stderr


def test_one_capability_is_enough(init, program):
    done = run("setpriv", "--reuid=1000", "--regid=1000", "--clear-groups",
               "--inh-caps=-all,+net_admin", "--ambient-caps=-all,+net_admin",
               "--bounding-set=-all,+net_admin", program)
    assert "armed" in done.stderr
    assert rules() == init("--dry-run").stdout


def test_a_user_namespace_is_enough(program):
    command = ["setpriv", "--reuid=1000", "--regid=1000", "--clear-groups",
               "unshare", "--user", "--map-root-user", "--net", "sh", "-c",
               f"{program} && nft list ruleset && {program} --remove && nft list ruleset"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    dry = subprocess.run([program, "--dry-run"], capture_output=True, text=True, check=True)
    assert done.stdout == dry.stdout
    assert done.stderr.count("\n") == 2


def test_printing_needs_no_privilege(program):
    for option in ("--dry-run", "--help", "--version"):
        done = subprocess.run(["setpriv", "--reuid=1000", "--clear-groups", program, option],
                              capture_output=True, text=True, check=True)
        assert done.stdout
        assert done.stderr == ""


def test_a_full_disk_does_not_look_like_success(program):
    with open("/dev/full", "w", encoding="ascii") as full:
        assert subprocess.run([program, "--dry-run"], stdout=full, check=False).returncode == 1


def test_all_wrong_arguments_are_reported_and_nothing_is_done(init):
    done = init("--outbound-port=x", "--skip-subnets", "10.0.0.0/33", "--nonsense", check=False)
    assert done.returncode == 64
    for word in ("--outbound-port", "10.0.0.0/33", "--nonsense"):
        assert word in done.stderr
    assert rules() == ""


def test_it_needs_no_other_file(init, program, tmp_path):
    linked = subprocess.run(["readelf", "--program-headers", program], check=True,
                            capture_output=True, text=True).stdout
    if "INTERP" in linked:
        pytest.skip("not a static build")
    shutil.copy2(program, tmp_path / "mesh-init")
    run("chroot", tmp_path, "/mesh-init")
    assert ARMED.fullmatch(rules())
    run("chroot", tmp_path, "/mesh-init", "--remove")
    assert rules() == ""


@pytest.mark.parametrize("options", OPTION_SETS)
def test_without_nf_tables_it_uses_iptables(init, options):
    said = init(*options, preexec_fn=without_nf_tables).stderr
    assert "iptables" in said
    assert rules() == ""
    printed = init("--dry-run", "--backend", "iptables", *options).stdout
    listed = legacy("iptables") + ("" if "--ipv4-only" in options else legacy("ip6tables"))
    assert sorted(line for line in listed.splitlines() if "MESH" in line) == sorted(
        line for line in printed.splitlines() if "MESH" in line)
    again = init(*options, preexec_fn=without_nf_tables)
    assert "already" in again.stderr


def test_removal_takes_the_iptables_variant_too(init):
    for version in ("iptables", "ip6tables"):
        run(f"{version}-legacy", "-t", "nat", "-A", "OUTPUT", "-p", "tcp", "--dport", "1",
            "-j", "ACCEPT")
    before = legacy("iptables") + legacy("ip6tables")
    init("--backend", "iptables")
    assert legacy("iptables") + legacy("ip6tables") != before
    assert init("--remove").stderr == "mesh-init: removed\n"
    assert legacy("iptables") + legacy("ip6tables") == before
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
            before = legacy("iptables") + legacy("ip6tables")
            done = run("unshare", "--mount", "sh", "-c",
                       f"{hidden} && {program} --backend iptables --outbound-port 5000", folder,
                       check=False)
            assert done.returncode == 1
            assert "ip6tables" in done.stderr
            assert legacy("iptables") + legacy("ip6tables") == before
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


def test_help_and_version(program):
    said = subprocess.run([program, "--help"], capture_output=True, text=True, check=True).stdout
    for option in ("--skip-outbound-ports", "--skip-inbound-ports", "--skip-subnets", "--remove"):
        assert option in said
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    assert re.fullmatch(r"mesh-init \d+\.\d+\.\d+\n", said)
