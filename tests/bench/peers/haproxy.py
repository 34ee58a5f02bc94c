"""HAProxy: one thread, HTTP/2 between the two, fixed targets."""

import shutil
from pathlib import Path

from peers.pair import GRPC_PORT, H1_PORT, H2_PORT, Pair
from topology import Namespace, identity_of

INBOUND = {H1_PORT: 4143, H2_PORT: 4144, GRPC_PORT: 4145}

COMMON = """
global
  nbthread 1
  maxconn 12000
  no strict-limits
  tune.ssl.default-dh-param 2048
  ssl-default-bind-options ssl-min-ver TLSv1.3
  ssl-default-server-options ssl-min-ver TLSv1.3
defaults
  mode http
  timeout connect 5s
  timeout client 10m
  timeout server 10m
  timeout http-keep-alive 10m
  timeout http-request 10m
"""

OUTBOUND = """
frontend outbound
  bind 127.0.0.1:4140
  use_backend grpc if { req.hdr(content-type) -m beg application/grpc }
  use_backend http2 if { fc_http_major 2 }
  default_backend http1
"""


class Haproxy(Pair):
    name = "haproxy"
    title = "HAProxy"

    @classmethod
    def missing(cls) -> str | None:
        return None if shutil.which("haproxy") else "haproxy is not installed"

    @classmethod
    def program(cls) -> Path | None:
        return Path(shutil.which("haproxy"))

    def start_inbound(self) -> None:
        if self.inbound is None:
            self.redirect(self.server, INBOUND)
        self.inbound = self._start(self.server, self._inbound_text(), 4143)

    def start_outbound(self) -> None:
        self.redirect(self.client, INBOUND)
        self.outbound = self._start(self.client, self._outbound_text(), 4140)

    def _start(self, workload: Namespace, text: str, port: int):
        file = self.configure(workload, "haproxy.cfg", COMMON + text)
        command = [self.program(), "-db", "-f", file]
        return self.start_sidecar(workload, command, port)

    def _outbound_text(self) -> str:
        files = self.credentials(self.client)
        identity = identity_of(self.server.name)
        text = OUTBOUND
        for name, port in (("http1", H1_PORT), ("http2", H2_PORT), ("grpc", GRPC_PORT)):
            text += f"""
backend {name}
  http-reuse always
  server app {self.server.address}:{port} ssl crt {files["both"]} ca-file {files["anchor"]} \
verify required verifyhost {identity} sni str({identity}) alpn h2 proto h2
"""
        return text

    def _inbound_text(self) -> str:
        files = self.credentials(self.server)
        text = ""
        for port, listener in INBOUND.items():
            version = "" if port == H1_PORT else " proto h2"
            text += f"""
frontend inbound{port}
  bind :::{listener} v4v6 ssl crt {files["both"]} ca-file {files["anchor"]} verify required alpn h2
  default_backend app{port}
backend app{port}
  http-reuse always
  server app 127.0.0.1:{port}{version}
"""
        return text
