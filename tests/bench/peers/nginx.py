"""nginx: one worker, HTTP/1.1 with keep-alive between the two (it has no HTTP/2 to servers)."""

import shutil
from pathlib import Path

from peers.pair import H1_PORT, Pair
from topology import Namespace, identity_of

COMMON = """
daemon off;
worker_processes 1;
pid {folder}/sidecar.pid;
error_log {folder}/error.log;
events {{ worker_connections 16000; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  keepalive_timeout 600s;
  keepalive_requests 1000000000;
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_set_header Host $host;
  proxy_request_buffering off;
  {body}
}}
"""

OUTBOUND = """
  upstream far {{ server {address}:80; keepalive 256; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:4140;
    location / {{
      proxy_pass https://far;
      proxy_ssl_protocols TLSv1.3;
      proxy_ssl_certificate {chain};
      proxy_ssl_certificate_key {key};
      proxy_ssl_trusted_certificate {anchor};
      proxy_ssl_verify on;
      proxy_ssl_verify_depth 2;
      proxy_ssl_server_name on;
      proxy_ssl_name {identity};
    }}
  }}
"""

INBOUND = """
  upstream app {{ server 127.0.0.1:80; keepalive 256; keepalive_requests 1000000000; }}
  server {{
    listen 4143 ssl;
    ssl_protocols TLSv1.3;
    ssl_certificate {chain};
    ssl_certificate_key {key};
    ssl_client_certificate {anchor};
    ssl_verify_client on;
    ssl_verify_depth 2;
    location / {{ proxy_pass http://app; }}
  }}
"""


class Nginx(Pair):
    name = "nginx"
    title = "nginx"
    ports = (H1_PORT,)

    @classmethod
    def missing(cls) -> str | None:
        return None if shutil.which("nginx") else "nginx is not installed"

    @classmethod
    def program(cls) -> Path | None:
        return Path(shutil.which("nginx"))

    def start_inbound(self) -> None:
        if self.inbound is None:
            self.redirect(self.server, {H1_PORT: 4143})
        body = INBOUND.format(**self.credentials(self.server))
        self.inbound = self._start(self.server, body, 4143)

    def start_outbound(self) -> None:
        self.redirect(self.client, {H1_PORT: 4143})
        body = OUTBOUND.format(address=self.server.address, identity=identity_of(self.server.name),
                               **self.credentials(self.client))
        self.outbound = self._start(self.client, body, 4140)

    def _start(self, workload: Namespace, body: str, port: int):
        text = COMMON.format(folder=workload.folder, body=body)
        file = self.configure(workload, "sidecar.conf", text)
        command = [self.program(), "-e", workload.folder / "error.log", "-c", file]
        return self.start_sidecar(workload, command, port)
