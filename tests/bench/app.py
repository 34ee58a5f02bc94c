"""The app of the benchmark: nginx with a small answer and a 10 MB body, and a gRPC ping server."""

from support import programs
from support.processes import wait_until
from topology import Namespace

BODY_MB = 10
ANSWER = "x" * 64 + "\\n"  # 65 bytes, as in earlier measurements

CONFIG = """
daemon off;
user root;
worker_processes 1;
pid {folder}/app.pid;
error_log {folder}/app-error.log;
events {{ worker_connections 16000; }}
http {{
  access_log off;
  sendfile on;
  keepalive_timeout 600s;
  keepalive_requests 1000000000;
  server {{
    listen 80 reuseport backlog=4096;
    listen [::]:80;
    listen 8080 http2;
    http2_max_requests 1000000000;
    location / {{ return 200 "{answer}"; }}
    location /big {{ root {folder}; }}
  }}
}}
"""


class App:
    def __init__(self, workload: Namespace):
        self._workload = workload
        self.processes = []

    def start(self) -> None:
        folder = self._workload.folder
        with open(folder / "big", "wb") as body:
            body.write(b"mesh" * (BODY_MB * 1_000_000 // 4))
        config = folder / "app.conf"
        config.write_text(CONFIG.format(folder=folder, answer=ANSWER), encoding="ascii")
        command = ["nginx", "-e", folder / "app-error.log", "-c", config]
        ping = [programs.fortio(), "server", "-http-port", "disabled", "-redirect-port", "disabled",
                "-grpc-port", "8079", "-udp-port", "disabled", "-tcp-port", "disabled"]
        for name, program, port in (("app", command, 80), ("ping", ping, 8079)):
            process = self._workload.start(name, program)
            wait_until(lambda port=port: self._workload.accepts(port), 10, name, process)
            self.processes.append(process)
