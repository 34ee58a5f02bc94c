"""TLS against other implementations: OpenSSL's programs and Go's crypto/tls, both ways round.

Every certificate here is made by the openssl program, so that ours have to read those, too.
"""

import os
import subprocess
import threading
from pathlib import Path

import pytest

import golang
from support.processes import Process, wait_until

ROOT = Path(__file__).resolve().parents[2]
OURS = "ours.ns.serviceaccount.identity.mesh.cluster.local"
THEIRS = "theirs.ns.serviceaccount.identity.mesh.cluster.local"
HYBRID = 0x11EC  # X25519MLKEM768
PAYLOAD = os.urandom(3_000_000)

SUITES = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")
GROUPS = {"X25519": 0x1D, "P-256": 0x17, "P-384": 0x18}


def tls_peer() -> Path:
    folders = [os.environ.get("MESH_BUILD"), *(f"build/{name}" for name in ("debug", "asan"))]
    found = [p for f in folders if f for p in [ROOT / f / "tests" / "tls-peer"] if p.exists()]
    if not found:
        pytest.skip("tls-peer is not built (./dev build debug)")
    return found[0]


def openssl(*arguments: str, **options) -> subprocess.CompletedProcess:
    return subprocess.run(["openssl", *arguments], capture_output=True, timeout=60, **options)


class Authority:
    """A root, an issuer below it, and leaves; all files in `folder`."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir()
        self._key("root")
        openssl("req", "-x509", "-new", "-key", self.file("root.key"), "-subj", "/CN=root",
                "-days", "2", "-out", self.file("root.pem"), check=True)
        self._sign("issuer", "root", "/CN=issuer",
                   "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n")
        self.roots = self.file("root.pem")

    def leaf(self, name: str) -> tuple[str, str]:
        """Chain and key of a leaf that names `name`."""
        self._sign(name, "issuer", "/", f"subjectAltName=critical,DNS:{name}\n")
        chain = self.folder / f"{name}.chain"
        chain.write_bytes((self.folder / f"{name}.pem").read_bytes()
                          + (self.folder / "issuer.pem").read_bytes())
        return str(chain), self.file(f"{name}.key")

    def file(self, name: str) -> str:
        return str(self.folder / name)

    def _key(self, name: str) -> None:
        openssl("ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out",
                self.file(f"{name}.key"), check=True)

    def _sign(self, name: str, issuer: str, subject: str, extensions: str) -> None:
        self._key(name)
        request = openssl("req", "-new", "-key", self.file(f"{name}.key"), "-subj", subject,
                          check=True).stdout
        (self.folder / f"{name}.ext").write_text(extensions, encoding="ascii")
        openssl("x509", "-req", "-CA", self.file(f"{issuer}.pem"), "-CAkey",
                self.file(f"{issuer}.key"), "-CAcreateserial", "-days", "1", "-extfile",
                self.file(f"{name}.ext"), "-out", self.file(f"{name}.pem"), input=request,
                check=True)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tls") / "authority")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tls") / "stranger")


@pytest.fixture(scope="module")
def go_peer(tmp_path_factory):
    program = tmp_path_factory.mktemp("go") / "tls_echo"
    source = Path(__file__).parent / "peers" / "tls_echo.go"
    subprocess.run([golang.compiler(), "build", "-o", program, source], check=True)
    return program


class Served:
    """A server that says its port in its first line."""

    def __init__(self, command, log: Path):
        self.process = Process([str(part) for part in command], log)
        wait_until(lambda: "port " in self.process.output(), 10, "a port")
        self.port = int(self.process.output().split("port ")[1].split()[0])

    def says(self, text: str) -> None:
        wait_until(lambda: text in self.process.output(), 10, f"{text!r} from the server")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()


@pytest.fixture
def our_server(authority, tmp_path):
    chain, key = authority.leaf(OURS)
    with Served([tls_peer(), "serve", authority.roots, chain, key], tmp_path / "ours.log") as s:
        yield s


def s_client(authority: Authority, port: int, *arguments: str) -> list[str]:
    chain, key = authority.leaf(THEIRS)
    return ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-CAfile", authority.roots,
            "-verify_return_error", "-servername", OURS, "-cert", chain, "-key", key,
            "-cert_chain", authority.file("issuer.pem"), *arguments]


def exchange(command: list[str], payload: bytes) -> tuple[bytes, str]:
    """What comes back when `command` gets `payload`, and what it says besides."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as peer:
        threading.Thread(target=write_all, args=(peer.stdin, payload)).start()
        guard = threading.Timer(30, peer.kill)
        guard.start()
        received = peer.stdout.read(len(payload))
        peer.kill()
        guard.cancel()
        return received, peer.stderr.read().decode(errors="replace")


def write_all(pipe, payload: bytes) -> None:
    """Leaves the pipe open: an end would end the conversation."""
    try:
        pipe.write(payload)
        pipe.flush()
    except BrokenPipeError:
        pass  # the test sees that bytes are missing


def call(authority: Authority, port: int, name: str, payload: bytes) -> tuple[bytes, str, int]:
    """What our client gets back, what it says, and its exit code."""
    chain, key = authority.leaf(OURS)
    done = subprocess.run([tls_peer(), "call", authority.roots, chain, key, str(port), name],
                          input=payload, capture_output=True, timeout=60)
    return done.stdout, done.stderr.decode(), done.returncode


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("group", GROUPS)
def test_openssl_client_speaks_every_suite_and_classical_group(authority, our_server, suite, group):
    """A group that is not our first choice makes no second round trip: the client leads."""
    received, _ = exchange(s_client(authority, our_server.port, "-quiet", "-ciphersuites", suite,
                                    "-groups", group), PAYLOAD)
    assert received == PAYLOAD
    our_server.says(f"secured {THEIRS} {GROUPS[group]} plain")


def test_openssl_client_updates_keys(authority, our_server):
    """K updates the client's keys and asks for the server's, k updates the client's alone."""
    with subprocess.Popen(s_client(authority, our_server.port), stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as peer:
        guard = threading.Timer(30, peer.kill)
        guard.start()
        seen = b""
        for i in range(40):
            for line, answer in ((b"kK"[i % 2:i % 2 + 1], b"KEYUPDATE\n"),
                                 (b"line %d" % i, b"line %d\n" % i)):
                before = seen.count(answer)
                peer.stdin.write(line + b"\n")
                peer.stdin.flush()
                while seen.count(answer) == before:
                    seen += os.read(peer.stdout.fileno(), 65536) or pytest.fail(seen.decode())
        assert "broken" not in our_server.process.output()
        peer.kill()
        guard.cancel()


def test_openssl_client_with_the_header_protocol(authority, our_server):
    received, _ = exchange(s_client(authority, our_server.port, "-quiet", "-alpn",
                                    "h2,transport.l5d.io/v1"), b"hello")
    assert received == b"hello"
    our_server.says(f"secured {THEIRS} {GROUPS['X25519']} header")


def test_openssl_client_without_certificate_is_nobody(authority, our_server):
    received, _ = exchange(["openssl", "s_client", "-quiet", "-connect",
                            f"127.0.0.1:{our_server.port}", "-CAfile", authority.roots], b"hello")
    assert received == b"hello"
    our_server.says("secured nobody")


def test_openssl_client_of_another_authority_is_refused(stranger, our_server):
    received, said = exchange([part for part in s_client(stranger, our_server.port, "-quiet")
                               if part != "-verify_return_error"], b"hello")
    assert received == b""
    assert "alert bad certificate" in said
    our_server.says("failed unable to get")


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1", "-tls1_2"])
def test_older_versions_are_refused(authority, our_server, version):
    received, _ = exchange(s_client(authority, our_server.port, "-quiet", version, "-cipher",
                                    "ALL@SECLEVEL=0"), b"hello")
    assert received == b""
    our_server.says("failed UNSUPPORTED_PROTOCOL")


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("group", GROUPS)
def test_openssl_server_speaks_every_suite_and_group(authority, tmp_path, suite, group):
    """It knows no hybrid group, so every one of these costs our client a second hello."""
    chain, key = authority.leaf(THEIRS)
    command = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-rev", "-tls1_3", "-cert", chain,
               "-key", key, "-cert_chain", authority.file("issuer.pem"), "-CAfile",
               authority.roots, "-Verify", "4", "-verify_return_error", "-ciphersuites", suite,
               "-groups", group]
    server = Process(command, tmp_path / "openssl.log")
    try:
        wait_until(lambda: "ACCEPT 127" in server.output(), 10, "its port", server)
        port = int(server.output().split("ACCEPT 127.0.0.1:")[1].split()[0])
        received, said, _ = call(authority, port, THEIRS, b"olleh\n")
        assert received == b"hello\n"
        assert f"secured {THEIRS} {GROUPS[group]} plain" in said
    finally:
        server.kill()


def test_go_client_exchanges_keys_the_hybrid_way(authority, our_server, go_peer):
    chain, key = authority.leaf(THEIRS)
    done = subprocess.run([go_peer, "call", authority.roots, chain, key, str(our_server.port),
                           OURS], input=PAYLOAD, capture_output=True, timeout=60)
    assert done.stdout == PAYLOAD, done.stderr.decode()
    assert f"secured {OURS} {HYBRID} [transport.l5d.io/v1]" in done.stderr.decode()
    our_server.says(f"secured {THEIRS} {HYBRID} header")
    our_server.says("closed end")


def test_go_server_exchanges_keys_the_hybrid_way(authority, go_peer, tmp_path):
    chain, key = authority.leaf(THEIRS)
    with Served([go_peer, "serve", authority.roots, chain, key], tmp_path / "go.log") as server:
        received, said, code = call(authority, server.port, THEIRS, PAYLOAD)
        assert received == PAYLOAD
        assert code == 0
        assert f"secured {THEIRS} {HYBRID} header\nclosed end\n" == said
        server.says(f"secured {OURS} {HYBRID} [transport.l5d.io/v1]")


def test_our_client_refuses_a_server_that_is_somebody_else(authority, go_peer, tmp_path):
    chain, key = authority.leaf(THEIRS)
    with Served([go_peer, "serve", authority.roots, chain, key], tmp_path / "go.log") as server:
        received, said, code = call(authority, server.port, "other.test", b"secret")
        assert (received, code) == (b"", 1)
        assert "failed server's certificate names somebody else" in said
        server.says("failed remote error: tls: unknown certificate")


def test_our_client_refuses_a_server_of_another_authority(authority, stranger, go_peer, tmp_path):
    chain, key = stranger.leaf(THEIRS)
    with Served([go_peer, "serve", stranger.roots, chain, key], tmp_path / "go.log") as server:
        _, said, code = call(authority, server.port, THEIRS, b"secret")
        assert code == 1
        assert "failed unable to get" in said
        server.says("failed remote error: tls: bad certificate")
