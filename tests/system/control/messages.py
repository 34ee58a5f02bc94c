"""From the model to messages of the control API: nested dictionaries that `api.build` accepts."""

import ipaddress

ANYWHERE = ["0.0.0.0/0", "::/0"]


def duration(seconds: float) -> dict:
    return {"seconds": int(seconds), "nanos": int(seconds % 1 * 1e9)}


def address(ip: str) -> dict:
    value = ipaddress.ip_address(ip)
    if value.version == 4:
        return {"ipv4": int(value)}
    return {"ipv6": {"first": int(value) >> 64, "last": int(value) & (1 << 64) - 1}}


def tcp_address(ip: str, port: int) -> dict:
    return {"ip": address(ip), "port": port}


def read_address(message) -> str:
    """The text of a net.IPAddress."""
    if message.WhichOneof("ip") == "ipv6":
        return str(ipaddress.IPv6Address(message.ipv6.first << 64 | message.ipv6.last))
    return str(ipaddress.IPv4Address(message.ipv4))


def network(text: str) -> dict:
    parsed = ipaddress.ip_network(text, strict=False)
    return {"ip": address(str(parsed.network_address)), "prefix_len": parsed.prefixlen}


def metadata(name: str, kind: str = "Service") -> dict:
    short, _, rest = name.partition(".")
    return {"resource": {"group": "core", "kind": kind, "name": short,
                         "namespace": rest.partition(".")[0] or "default"}}


def default(name: str) -> dict:
    return {"default": name}


# Destination.

def weighted(endpoint: dict) -> dict:
    result = {
        "addr": tcp_address(endpoint["address"], endpoint["port"]),
        "weight": endpoint.get("weight", 10000),
        "metric_labels": endpoint.get("labels", {}),
    }
    identity = endpoint.get("identity")
    if identity:
        kind = "uri_like_identity" if "://" in identity else "dns_like_identity"
        key = "uri" if "://" in identity else "name"
        result["tls_identity"] = {kind: {key: identity}}
        if endpoint.get("server_name"):
            result["tls_identity"]["server_name"] = {"name": endpoint["server_name"]}
    hint = {}
    if endpoint.get("hint"):
        hint[endpoint["hint"]] = {}
    if endpoint.get("opaque_transport"):
        hint["opaque_transport"] = {"inbound_port": endpoint["opaque_transport"]}
    if hint:
        result["protocol_hint"] = hint
    return result


def added(endpoints: list[dict], labels: dict) -> dict:
    return {"add": {"addrs": [weighted(e) for e in endpoints], "metric_labels": labels}}


def removed(endpoints: list[dict]) -> dict:
    return {"remove": {"addrs": [tcp_address(e["address"], e["port"]) for e in endpoints]}}


def profile(name: str | None, service: dict | None, endpoint: dict | None) -> dict:
    result = {"retry_budget": {"retry_ratio": 0.2, "min_retries_per_second": 10,
                               "ttl": duration(10)}}
    if service:
        result |= {"fully_qualified_name": name, "opaque_protocol": service["opaque"]}
    if endpoint:
        result |= {"endpoint": weighted(endpoint),
                   "opaque_protocol": bool(endpoint.get("opaque"))}
    return result


# Outbound.

def outbound_policy(name: str, service: dict) -> dict:
    backend = balancer(name, service["port"])
    parent = metadata(name)
    return {"metadata": parent,
            "protocol": outbound_protocol(service["protocol"], backend, parent, service["policy"])}


def outbound_forward(endpoint: dict) -> dict:
    backend = {"metadata": default("endpoint"), "queue": queue(), "forward": weighted(endpoint)}
    kind = "opaque" if endpoint.get("opaque") else "detect"
    return {"metadata": default("endpoint"),
            "protocol": outbound_protocol(kind, backend, default("endpoint"), {})}


def outbound_protocol(kind: str, backend: dict, parent: dict, policy: dict) -> dict:
    http = {"routes": [route(backend, parent, policy.get("rule", {}))]}
    grpc = {"routes": [route(backend, parent, policy.get("rule", {}), {"rpc": {}})]}
    if policy.get("failure_accrual"):
        http["failure_accrual"] = grpc["failure_accrual"] = policy["failure_accrual"]
    opaque = {"routes": [tcp_route(backend, parent)]}
    forms = {
        "opaque": opaque, "tls": opaque, "http1": http, "http2": http, "grpc": grpc,
        "detect": {"timeout": duration(policy.get("timeout", 10)), "opaque": opaque,
                   "http1": http, "http2": http},
    }
    return {kind: forms[kind]}


def route(backend: dict, parent: dict, rule: dict, match: dict | None = None) -> dict:
    match = match or {"path": {"prefix": "/"}}
    return {"metadata": parent,
            "rules": [{"matches": [match], "backends": distribution(backend), **rule}]}


def tcp_route(backend: dict, parent: dict) -> dict:
    return {"metadata": parent, "rules": [{"backends": distribution(backend)}]}


def distribution(backend: dict) -> dict:
    return {"first_available": {"backends": [{"backend": backend}]}}


def balancer(name: str, port: int) -> dict:
    return {"metadata": metadata(name), "queue": queue(),
            "balancer": {"discovery": {"dst": {"path": f"{name}:{port}"}},
                         "peak_ewma": {"default_rtt": duration(0.03), "decay": duration(10)}}}


def queue() -> dict:
    return {"capacity": 100, "failfast_timeout": duration(3)}


# Inbound.

def server(port_policy: dict) -> dict:
    authorizations = port_policy["authorizations"]
    if authorizations is None:
        listed = [authorization({"name": "all-unauthenticated"}, implied=True)]
    else:
        listed = [authorization(a) for a in authorizations]
    labels = {"group": "", "kind": "default", "name": "all-unauthenticated"}
    if authorizations is not None:
        labels = {"group": "policy.linkerd.io", "kind": "server", "name": "test"}
    return {"protocol": inbound_protocol(port_policy), "authorizations": listed, "labels": labels}


def inbound_protocol(port_policy: dict) -> dict:
    kind = port_policy["protocol"]
    form = dict(port_policy["policy"])
    if kind == "detect":
        form.setdefault("timeout", duration(10))
    return {kind: form}


def authorization(entry: dict, implied: bool = False) -> dict:
    excluded = [network(n) for n in entry.get("except", [])]
    networks = [{"net": network(n), "except": excluded} for n in entry.get("networks", ANYWHERE)]
    name = entry.get("name", "test")
    meta = default(name) if implied else {"resource": {
        "group": "policy.linkerd.io", "kind": "authorizationpolicy", "name": name}}
    return {"networks": networks, "metadata": meta, "authentication": authentication(entry)}


def authentication(entry: dict) -> dict:
    identities = entry.get("identities", [])
    suffixes = entry.get("suffixes", [])
    if identities or suffixes:
        clients = {"identities": [{"name": i} for i in identities],
                   "suffixes": [{"parts": s.split(".") if s else []} for s in suffixes]}
        return {"meshTLS": {"identities": clients}}
    if entry.get("tls"):
        return {"meshTLS": {"unauthenticated": {}}}
    return {"unauthenticated": {}}
