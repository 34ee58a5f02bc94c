"""What the control plane of the tests knows: services, workloads, port policies, and how to answer.

Plain data (it survives a kill as a JSON file); every public method is callable over the control
socket under its own name. Each change bumps `version` and calls `changed`, so that watches answer.
"""

import json
from collections.abc import Callable
from pathlib import Path

EMPTY = {"services": {}, "workloads": {}, "ports": {}, "faults": [], "raw": {}, "settings": {}}
SETTINGS = {"leaf_lifetime": 86400.0, "token": None}


class Model:
    def __init__(self, file: Path, changed: Callable[[], None]):
        self._file = file
        self._changed = changed
        self.version = 0
        self.counters: dict[str, dict] = {}
        self.data = json.loads(json.dumps(EMPTY))
        if file.exists():
            self.data.update(json.loads(file.read_text(encoding="utf-8")))

    # What exists.

    def set_service(self, name: str, address: str, port: int, endpoints=(), protocol="detect",
                    opaque=False, addresses=(), **policy) -> None:
        """A service at address:port (and at each of `addresses`); `protocol` is the policy kind.

        An endpoint is {"address", "port"} and may have "identity", "hint" (h2, opaque),
        "opaque_transport" (the inbound port), "weight", "labels", "server_name". `policy` may have
        "failure_accrual", "rule" (more fields of an HTTP or gRPC rule), "timeout".
        """
        self.data["services"][name] = {
            "addresses": [address, *addresses], "port": port, "endpoints": list(endpoints),
            "protocol": protocol, "opaque": opaque, "policy": policy}
        self._bump()

    def remove_service(self, name: str) -> None:
        del self.data["services"][name]
        self._bump()

    def set_endpoints(self, name: str, endpoints) -> None:
        self.data["services"][name]["endpoints"] = list(endpoints)
        self._bump()

    def set_workload(self, address: str, port: int, **endpoint) -> None:
        """A workload that is reached by its own address: an endpoint without a service."""
        key = f"{address}|{port}"
        self.data["workloads"][key] = {"address": address, "port": port, **endpoint}
        self._bump()

    def set_port(self, workload: str, port: int, protocol="detect", authorizations=None,
                 **policy) -> None:
        """The inbound policy of one port; workload "*" is every one without its own.

        An authorization is {"networks": [...], "except": [...], "identities": [...],
        "suffixes": [...], "tls": bool, "name": str}; all but networks may be left out.
        """
        self.data["ports"][f"{workload}|{port}"] = {
            "protocol": protocol, "authorizations": authorizations, "policy": policy}
        self._bump()

    def set_setting(self, name: str, value) -> None:
        """leaf_lifetime (seconds) or token (the only one accepted)."""
        if name not in SETTINGS:
            raise KeyError(f"no such setting: {name}")
        self.data["settings"][name] = value
        self._bump()

    def setting(self, name: str):
        return self.data["settings"].get(name, SETTINGS[name])

    def reset(self) -> None:
        """Forgets everything but what the certificate authority keeps."""
        self.data = json.loads(json.dumps(EMPTY))
        self._bump()

    # How to answer.

    def set_fault(self, rpc: str, target: str = "*", status: str | None = None, delay: float = 0.0,
                  payload: str | None = None, times: int | None = None) -> None:
        """Makes `rpc` (Certify, Get, GetProfile, WatchPort, Watch) answer `status`, later, or with
        the bytes `payload` (hexadecimal) for `target`, `times` times or until cleared."""
        self.data["faults"].append({"rpc": rpc, "target": target, "status": status, "delay": delay,
                                    "payload": payload, "times": times})
        self._bump()

    def set_raw(self, rpc: str, target: str, message: dict | None) -> None:
        """Answers `target` with this message, whatever it says; None ends that."""
        if message is None:
            self.data["raw"].pop(f"{rpc}|{target}", None)
        else:
            self.data["raw"][f"{rpc}|{target}"] = message
        self._bump()

    def clear_faults(self) -> None:
        self.data["faults"] = []
        self.data["raw"] = {}
        self._bump()

    def take_fault(self, rpc: str, target: str) -> dict | None:
        for fault in self.data["faults"]:
            if fault["rpc"] == rpc and fault["target"] in ("*", target) and fault["times"] != 0:
                if fault["times"] is not None:
                    fault["times"] -= 1
                return fault
        return None

    def raw(self, rpc: str, target: str) -> dict | None:
        return self.data["raw"].get(f"{rpc}|{target}")

    # What happened.

    def count(self, rpc: str, target: str, opened: int) -> None:
        """Counts a call (opened 1) and the end of one (opened -1)."""
        counter = self.counters.setdefault(rpc, {"calls": 0, "open": 0, "targets": {}})
        counter["open"] += opened
        if opened > 0:
            counter["calls"] += 1
            counter["targets"][target] = counter["targets"].get(target, 0) + 1

    def show_counters(self) -> dict:
        """For each RPC: calls so far, streams open now, calls by target."""
        return self.counters

    # Look-ups.

    def service_at(self, address: str, port: int) -> tuple[str, dict] | None:
        for name, service in self.data["services"].items():
            if port == service["port"] and address in service["addresses"]:
                return name, service
        return None

    def service_named(self, path: str) -> dict | None:
        name, _, port = path.rpartition(":")
        service = self.data["services"].get(name)
        return service if service and str(service["port"]) == port else None

    def workload_at(self, address: str, port: int) -> dict | None:
        return self.data["workloads"].get(f"{address}|{port}")

    def port_policy(self, workload: str, port: int) -> dict:
        ports = self.data["ports"]
        for key in (f"{workload}|{port}", f"*|{port}", f"{workload}|0", "*|0"):
            if key in ports:
                return ports[key]
        return {"protocol": "detect", "authorizations": None, "policy": {}}

    def _bump(self) -> None:
        self.version += 1
        draft = self._file.with_suffix(".new")
        draft.write_text(json.dumps(self.data), encoding="utf-8")
        draft.rename(self._file)
        self._changed()
