"""mesh-init as a command: what it leaves in the kernel, what it says, and when it refuses."""

import re
import shutil
import subprocess
import threading

import pytest
from support.bare_machine import (MACHINE, OPTION_SETS, _init, _machine, _program,  # noqa: F401
                                  listed, rules, run)

ARMED = re.compile(r"table inet mesh \{.*^\}\n", re.MULTILINE | re.DOTALL)


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


@pytest.mark.parametrize("backends", [["nftables"], ["iptables"], ["nftables", "iptables"]])
def test_runs_at_the_same_time_all_succeed_and_the_last_stays(init, program, backends):
    sets = [["--backend", backend, *options] for backend in backends
            for options in ([], ["--skip-outbound-ports", "1-9,80,90,99"])]
    command = ["nsenter", f"--net=/run/netns/{MACHINE}", program]
    count = 10 if backends == ["nftables"] else 3
    started = [subprocess.Popen([*command, *options], stderr=subprocess.DEVNULL)
               for options in sets * count]
    assert [process.wait(60) for process in started] == [0] * len(started)

    result = listed()
    whole = []
    for options in sets:
        init("--remove")
        init(*options)
        whole.append(listed())
    assert result in whole


def test_others_may_change_their_rules_meanwhile(init):
    changes = ["add table inet other", "add chain inet other any", "delete table inet other"]
    other = subprocess.Popen(["nsenter", f"--net=/run/netns/{MACHINE}", "nft", "--interactive"],
                             stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    ended = threading.Event()

    def change() -> None:
        while not ended.is_set():
            other.stdin.write("".join(line + "\n" for line in changes * 10))
            other.stdin.flush()

    changer = threading.Thread(target=change)
    changer.start()
    try:
        for _ in range(30):
            init()
            init("--remove")
    finally:
        ended.set()
        changer.join()
        other.communicate("quit\n", timeout=30)
    assert rules() == ""


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


def test_help_and_version(program):
    said = subprocess.run([program, "--help"], capture_output=True, text=True, check=True).stdout
    for option in ("--skip-outbound-ports", "--skip-inbound-ports", "--skip-subnets", "--remove"):
        assert option in said
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    assert re.fullmatch(r"mesh-init \d+\.\d+\.\d+\n", said)
