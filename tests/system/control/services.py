"""The RPCs of the control API, answered from the model.

Watches follow the reference: the first message at once, then one for each change; only
Destination.Get is incremental. A fault set in the model comes first.
"""

import asyncio
import datetime
from collections.abc import AsyncIterator

import grpc

from control import api, authority, messages
from control.model import Model

PACKAGE = api.PACKAGE


class Changes:
    """Wakes every watch when the model changes, or ends them."""

    def __init__(self):
        self._waiting: set[asyncio.Event] = set()
        self.ended = 0
        self.count = 0

    def notify(self) -> None:
        self.count += 1
        for event in self._waiting:
            event.set()

    def end_all(self) -> None:
        """Ends every open stream, as a controller that goes away does."""
        self.ended += 1
        self.notify()

    async def wait(self, since: int) -> None:
        """Returns once `count` is not `since` any more."""
        if self.count != since:
            return
        event = asyncio.Event()
        self._waiting.add(event)
        try:
            await event.wait()
        finally:
            self._waiting.discard(event)


class Services:
    def __init__(self, model: Model, changes: Changes, ca: authority.Authority):
        self._model = model
        self._changes = changes
        self._ca = ca

    def handlers(self) -> list[grpc.GenericRpcHandler]:
        table = {
            "identity.Identity": {"Certify": ("identity.CertifyRequest", self.certify)},
            "destination.Destination": {
                "Get": ("destination.GetDestination", self.get),
                "GetProfile": ("destination.GetDestination", self.get_profile)},
            "inbound.InboundServerPolicies": {
                "GetPort": ("inbound.PortSpec", self.get_port),
                "WatchPort": ("inbound.PortSpec", self.watch_port)},
            "outbound.OutboundPolicies": {
                "Get": ("outbound.TrafficSpec", self.get_policy),
                "Watch": ("outbound.TrafficSpec", self.watch_policy)},
        }
        return [_service(f"{PACKAGE}.{name}", methods) for name, methods in table.items()]

    # Identity.

    async def certify(self, request, context):
        self._model.count("Certify", request.identity, 1)
        self._model.count("Certify", request.identity, -1)
        payload = await self._fault("Certify", request.identity, context)
        if payload is not None:
            return payload
        wanted = self._model.setting("token")
        if not request.token or (wanted and request.token.decode(errors="replace") != wanted):
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "the token is not accepted")
        try:
            key = authority.read_request(request.certificate_signing_request, request.identity)
        except Exception as fault:  # whatever the parser finds is the caller's fault
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(fault))
        lifetime = self._model.setting("leaf_lifetime")
        leaf = self._ca.sign(key, request.identity, lifetime)
        issuer = self._ca.issuer().certificate
        until = leaf.not_valid_after_utc - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
        return api.build("identity.CertifyResponse", {
            "leaf_certificate": leaf.public_bytes(authority.DER),
            "intermediate_certificates": [issuer.public_bytes(authority.DER)],
            "valid_until": {"seconds": int(until.total_seconds())}})

    # Destination.

    async def get(self, request, context):
        async for message in self._watch("Get", request.path, context, _Endpoints(self._model)):
            yield message

    async def get_profile(self, request, context):
        async for message in self._watch("GetProfile", request.path, context, self._profile):
            yield message

    def _profile(self, path: str):
        raw = self._model.raw("GetProfile", path)
        if raw is None:
            name, _, port = path.rpartition(":")
            address = name.strip("[]")
            found = self._model.service_at(address, int(port))
            if not found and self._model.service_named(path):
                found = name, self._model.service_named(path)
            endpoint = self._model.workload_at(address, int(port))
            raw = messages.profile(*(found or (None, None)), None if found else endpoint)
        return [api.build("destination.DestinationProfile", raw)]

    # Inbound.

    async def get_port(self, request, context):
        self._model.count("GetPort", f"{request.workload}|{request.port}", 1)
        return self._server(f"{request.workload}|{request.port}")[0]

    async def watch_port(self, request, context):
        target = f"{request.workload}|{request.port}"
        async for message in self._watch("WatchPort", target, context, self._server):
            yield message

    def _server(self, target: str):
        workload, _, port = target.rpartition("|")
        raw = self._model.raw("WatchPort", target) or self._model.raw("WatchPort", f"*|{port}")
        if raw is None:
            raw = messages.server(self._model.port_policy(workload, int(port)))
        return [api.build("inbound.Server", raw)]

    # Outbound.

    async def get_policy(self, request, context):
        self._model.count("GetPolicy", _traffic_target(request), 1)
        found = self._policy(_traffic_target(request))
        return found[0] if found else await context.abort(grpc.StatusCode.NOT_FOUND, "no policy")

    async def watch_policy(self, request, context):
        target = _traffic_target(request)
        async for message in self._watch("Watch", target, context, self._policy):
            yield message

    def _policy(self, target: str):
        raw = self._model.raw("Watch", target)
        host, _, port = target.rpartition(":")
        address = host.strip("[]")
        found = self._model.service_at(address, int(port))
        if raw is None and self._model.service_named(target):
            found = host, self._model.service_named(target)
        endpoint = self._model.workload_at(address, int(port))
        if raw is None and not found and not endpoint:
            return None
        if raw is None:
            raw = (messages.outbound_policy(*found) if found
                   else messages.outbound_forward(endpoint))
        return [api.build("outbound.OutboundPolicy", raw)]

    # Common to all watches.

    async def _watch(self, rpc: str, target: str, context, answer) -> AsyncIterator:
        """Yields what `answer(target)` gives (None: NOT_FOUND) now and whenever it differs."""
        self._model.count(rpc, target, 1)
        generation = self._changes.ended
        last = None
        try:
            while True:
                seen = self._changes.count
                payload = await self._fault(rpc, target, context)
                if payload is not None:
                    yield payload
                current = answer(target) if payload is None else last
                if current is None and payload is None:
                    await context.abort(grpc.StatusCode.NOT_FOUND, "not known here")
                for message in current or []:
                    if current != last:
                        yield message
                last = current
                await self._changes.wait(seen)
                if self._changes.ended != generation:
                    await context.abort(grpc.StatusCode.UNAVAILABLE, "going away")
        finally:
            self._model.count(rpc, target, -1)

    async def _fault(self, rpc: str, target: str, context) -> bytes | None:
        fault = self._model.take_fault(rpc, target)
        if fault is None:
            return None
        if fault["delay"]:
            await asyncio.sleep(fault["delay"])
        if fault["status"]:
            await context.abort(grpc.StatusCode[fault["status"]], "told to answer so")
        return bytes.fromhex(fault["payload"]) if fault["payload"] is not None else None


class _Endpoints:
    """The incremental answers of one Destination.Get stream."""

    def __init__(self, model: Model):
        self._model = model
        self._known: dict[tuple, dict] | None = None

    def __call__(self, path: str):
        raw = self._model.raw("Get", path)
        if raw is not None:
            return [api.build("destination.Update", raw)]
        service = self._model.service_named(path)
        if service is None:
            self._known = {}
            return [api.build("destination.Update", {"no_endpoints": {"exists": False}})]
        updates = self._updates(service["endpoints"], path.partition(".")[0])
        return [api.build("destination.Update", u) for u in updates]

    def _updates(self, endpoints: list[dict], name: str) -> list[dict]:
        wanted = {(e["address"], e["port"]): e for e in endpoints}
        known, first = self._known or {}, self._known is None
        self._known = wanted
        added = [e for key, e in wanted.items() if known.get(key) != e]
        gone = [e for key, e in known.items() if key not in wanted]
        if not wanted and (first or gone):
            return [{"no_endpoints": {"exists": True}}]
        updates = [messages.added(added, {"service": name})] if added else []
        return updates + ([messages.removed(gone)] if gone else [])


def _traffic_target(request) -> str:
    if request.WhichOneof("target") == "authority":
        return request.authority
    ip = messages.read_address(request.addr.ip)
    return f"[{ip}]:{request.addr.port}" if ":" in ip else f"{ip}:{request.addr.port}"


def _service(name: str, methods: dict) -> grpc.GenericRpcHandler:
    unary = {"Certify", "GetPort"} | ({"Get"} if name.endswith("OutboundPolicies") else set())
    handlers = {}
    for method, (request, answer) in methods.items():
        make = (grpc.unary_unary_rpc_method_handler if method in unary
                else grpc.unary_stream_rpc_method_handler)
        handlers[method] = make(answer, request_deserializer=api.message(request).FromString,
                                response_serializer=_serialize)
    return grpc.method_handlers_generic_handler(name, handlers)


def _serialize(message) -> bytes:
    return message if isinstance(message, bytes) else message.SerializeToString()
