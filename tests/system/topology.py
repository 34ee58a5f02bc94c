"""Network namespaces joined by a bridge: a small cluster on one machine.

    network = Network(folder)                  # a bridge in the current network namespace
    box = Namespace(network, "client")         # has IPv4 and IPv6, a default route to the bridge
    web = Workload(network, "web", control)    # a namespace with redirection and a sidecar
    web.start()                                # returns when /ready says yes

Everything lives inside the sandbox that run.py makes (support/sandbox.py), so the host is never
touched. Service addresses need no owner: the default route makes connect() leave the workload, and
redirection takes it to the sidecar.
"""

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from control.command_socket import CommandClient
from control.relay import socket_in
from support import programs, redirection
from support.processes import Failure, Process, wait_until

BRIDGE = "10.77.0.1"
BRIDGE6 = "fd77::1"
TRUST_DOMAIN = "cluster.local"
CONTROL_NAME = f"controller.mesh.serviceaccount.identity.mesh.{TRUST_DOMAIN}"
CONTROL_PORT = 8086
SYSTEM_TESTS = Path(__file__).resolve().parent


def identity_of(account: str, namespace: str = "test") -> str:
    return f"{account}.{namespace}.serviceaccount.identity.mesh.{TRUST_DOMAIN}"


class Network:
    """A bridge and the namespaces on it. `folder` gets the logs; any user may read it."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        self._count = 0
        self.namespaces: list[Namespace] = []
        _ip("link", "add", "mesh0", "type", "bridge")
        _ip("addr", "add", f"{BRIDGE}/16", "dev", "mesh0")
        _ip("-6", "addr", "add", f"{BRIDGE6}/64", "dev", "mesh0", "nodad")
        _ip("link", "set", "mesh0", "up")

    def admit(self, namespace: "Namespace") -> int:
        """Notes a new namespace; returns its number."""
        self._count += 1
        self.namespaces.append(namespace)
        return self._count

    def close(self) -> None:
        for namespace in list(self.namespaces):
            namespace.close()
        _ip("link", "del", "mesh0")


class Namespace:
    """A network namespace with eth0 on the bridge, and the programs started in it."""

    def __init__(self, network: Network, name: str):
        number = network.admit(self)
        self.network = network
        self.name = name
        self.file = f"/run/netns/{name}"
        self.address = f"10.77.{number // 250 + 1}.{number % 250 + 1}"
        self.address6 = f"fd77::1:{number:x}"
        self.folder = network.folder / name
        self.folder.mkdir(exist_ok=True)
        self.folder.chmod(0o777)
        self.processes: list[Process] = []
        self._link = f"veth{number}"
        self._make()

    def _make(self) -> None:
        _ip("netns", "add", self.name)
        _ip("link", "add", self._link, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        _ip("link", "set", self._link, "master", "mesh0", "up")
        inside = ["-n", self.name]
        _ip(*inside, "link", "set", "lo", "up")
        _ip(*inside, "addr", "add", f"{self.address}/16", "dev", "eth0")
        _ip(*inside, "-6", "addr", "add", f"{self.address6}/64", "dev", "eth0", "nodad")
        _ip(*inside, "link", "set", "eth0", "up")
        _ip(*inside, "route", "add", "default", "via", BRIDGE)
        _ip(*inside, "-6", "route", "add", "default", "via", BRIDGE6)

    def close(self) -> None:
        for process in self.processes:
            process.kill()
        _ip("link", "del", self._link)
        _ip("netns", "del", self.name)
        self.network.namespaces.remove(self)

    # Programs.

    def command(self, program: Sequence[str], user: int | None = None) -> list[str]:
        """The command line that runs `program` in here, as `user` (root when None)."""
        prefix = ["nsenter", f"--net={self.file}"]
        if user is not None:
            prefix += ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
        return [*prefix, *map(str, program)]

    def run(self, program: Sequence[str], check: bool = True, timeout: float = 60,
            **options) -> subprocess.CompletedProcess:
        """Runs a program to its end; its text output is in the result."""
        done = subprocess.run(self.command(program), capture_output=True, text=True,
                              timeout=timeout, **options)
        if check and done.returncode != 0:
            raise Failure(f"{program[0]} ended with {done.returncode}: {done.stderr[-2000:]}")
        return done

    def start(self, name: str, program: Sequence[str], user: int | None = None,
              env: Mapping[str, str] | None = None) -> Process:
        """Starts a program that ends with the namespace at the latest; logs to NAME.log."""
        process = Process(self.command(program, user), self.folder / f"{name}.log", env,
                          cwd=self.folder)
        self.processes.append(process)
        return process

    # Sockets that belong to the namespace, for the test's own code.

    def connect(self, host: str, port: int, timeout: float = 10) -> socket.socket:
        client = socket_in(self.file, socket.AF_INET6 if ":" in host else socket.AF_INET)
        client.settimeout(timeout)
        try:
            client.connect((host, port))
        except OSError:
            client.close()
            raise
        return client

    def listen(self, port: int, host: str = "0.0.0.0", backlog: int = 1024) -> socket.socket:
        server = socket_in(self.file, socket.AF_INET6 if ":" in host else socket.AF_INET)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((host, port))
        server.listen(backlog)
        return server

    def http(self, host: str, port: int, timeout: float = 10) -> http.client.HTTPConnection:
        """An HTTP/1 client connection made from in here."""
        connection = http.client.HTTPConnection(host, port, timeout=timeout)
        connection.sock = self.connect(host, port, timeout)
        return connection

    def accepts(self, port: int, host: str = "127.0.0.1") -> bool:
        try:
            self.connect(host, port, timeout=1).close()
            return True
        except OSError:
            return False

    # The link.

    def cut(self) -> None:
        """Nothing passes between here and the bridge, and nobody is told."""
        _ip("link", "set", self._link, "nomaster")

    def mend(self) -> None:
        _ip("link", "set", self._link, "master", "mesh0")


class ControlPlane:
    """The test control plane as a process on the bridge; `api` steers it (control/model.py)."""

    def __init__(self, network: Network):
        self.folder = network.folder / "control"
        self.folder.mkdir(exist_ok=True)
        self._socket = self.folder / "socket"
        self.api = CommandClient(self._socket)
        self._loopback: list[str] = []
        self.process: Process | None = None

    def start(self) -> None:
        command = [
            sys.executable, SYSTEM_TESTS / "control_plane.py", "--listen", "127.0.0.1:8085",
            "--tls", f"0.0.0.0:{CONTROL_PORT}", "--name", CONTROL_NAME, "--control", self._socket,
            "--state", self.folder]
        self._socket.unlink(missing_ok=True)
        self.process = Process([str(c) for c in command], self.folder / "log")
        wait_until(self._socket.exists, 20, "the control plane", self.process)
        for file in self._loopback:
            self.api.listen_in(namespace=file, address="127.0.0.1", port=CONTROL_PORT)

    def kill(self) -> None:
        self.api.disconnect()
        self.process.kill()

    def serve_on_loopback_of(self, namespace: Namespace) -> None:
        """Plaintext on 127.0.0.1 of a namespace, where proxies need no name for it."""
        self._loopback.append(namespace.file)
        self.api.listen_in(namespace=namespace.file, address="127.0.0.1", port=CONTROL_PORT)


class Workload(Namespace):
    """A pod: a namespace with redirection armed and a sidecar, and the app's programs beside it."""

    def __init__(self, network: Network, name: str, control: ControlPlane, account: str = "",
                 loopback_control: bool = False):
        super().__init__(network, name)
        self.control = control
        self.identity = identity_of(account or name)
        self.sidecar: Process | None = None
        self.loopback_control = loopback_control
        self.anchors: str | None = None
        if loopback_control:
            control.serve_on_loopback_of(self)

    def start_sidecar(self, ready: bool = True, **settings: str) -> Process:
        """Arms redirection and starts mesh-proxy; `settings` are names without the prefix."""
        program = programs.built("mesh-proxy")
        if program is None:
            raise Failure("mesh-proxy is not built: run ./dev build (or set MESH_BUILD)")
        if self.sidecar is None:
            redirection.arm(self)
        runnable = programs.published(program, self.network.folder / "bin")
        self.sidecar = self.start("mesh-proxy", [runnable], redirection.PROXY_USER,
                                  self._environment(settings))
        if ready:
            self.wait_ready()
        return self.sidecar

    def wait_ready(self, seconds: float = 15) -> None:
        wait_until(self.is_ready, seconds, f"the sidecar of {self.name}", self.sidecar)

    def is_ready(self) -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.admin("/ready")[0] == 200
        return False

    def admin(self, path: str, method: str = "GET", body: str | None = None) -> tuple[int, str]:
        """Asks the sidecar's admin server from loopback."""
        connection = self.http("127.0.0.1", 4191)
        connection.request(method, path, body)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    def endpoint(self, port: int, **more) -> dict:
        """This workload's `port` as destination answers it for a meshed pod."""
        return {"address": self.address, "port": port, "identity": self.identity, "hint": "h2",
                **more}

    def _environment(self, settings: Mapping[str, str]) -> dict[str, str]:
        anchors = self.anchors or self.control.api.trust_anchors()
        token = self.folder / "token"
        token.write_text(f"token of {self.identity}", encoding="ascii")
        identity_dir = self.folder / "identity"
        identity_dir.mkdir(exist_ok=True)
        host = "127.0.0.1" if self.loopback_control else BRIDGE
        chosen = {
            "LOG": "info", "LOG_FORMAT": "plain", "INBOUND_DEFAULT_POLICY": "all-unauthenticated",
            "OUTBOUND_LISTEN_ADDRS": "127.0.0.1:4140,[::1]:4140",
            "INBOUND_LISTEN_ADDR": "[::]:4143", "CONTROL_LISTEN_ADDR": "[::]:4190",
            "ADMIN_LISTEN_ADDR": "[::]:4191",
            "INBOUND_IPS": f"{self.address},{self.address6}",
            "DESTINATION_PROFILE_NETWORKS": "10.0.0.0/8,fd00::/8",
            "DESTINATION_CONTEXT": f'{{"ns":"test","pod":"{self.name}"}}',
            "POLICY_WORKLOAD": f"test:{self.name}",
            "POLICY_CLUSTER_NETWORKS": "10.0.0.0/8,fd00::/8",
            "IDENTITY_DIR": str(identity_dir), "IDENTITY_TOKEN_FILE": str(token),
            "IDENTITY_TRUST_ANCHORS": anchors,
            "IDENTITY_SERVER_ID": self.identity, "IDENTITY_SERVER_NAME": self.identity,
        }
        for service in ("DESTINATION", "POLICY", "IDENTITY"):
            chosen[f"{service}_SVC_ADDR"] = f"{host}:{CONTROL_PORT}"
            chosen[f"{service}_SVC_NAME"] = CONTROL_NAME
        chosen |= settings
        if "IDENTITY_TRUST_ANCHORS_FILE" in chosen:
            del chosen["IDENTITY_TRUST_ANCHORS"]
        return {"PATH": os.environ["PATH"]} | {f"MESH_PROXY_{k}": v for k, v in chosen.items()}


@contextlib.contextmanager
def serving(namespace: Namespace, port: int, serve, host: str = "0.0.0.0"):
    """Listens in a namespace and calls serve(connection) in a thread of its own for each."""
    listener = namespace.listen(port, host)

    def one(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            serve(connection)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=one, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener
    finally:
        # Closing alone would leave it open for as long as accept() sleeps on it.
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
