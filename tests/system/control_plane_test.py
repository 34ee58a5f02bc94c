"""The test control plane itself: other tests are worth what it is worth."""

import time
from concurrent import futures

import grpc
import pytest
from control import api, messages
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from support.processes import wait_until

WEB = "web.test.svc.cluster.local"


@pytest.fixture
def channel(control):
    control.api.reset()
    control.api.clear_faults()
    with grpc.insecure_channel("127.0.0.1:8085") as made:
        yield made


def call(channel, service: str, method: str, request: str, reply: str, fields: dict,
         stream: bool = True, timeout: float = 10):
    make = channel.unary_stream if stream else channel.unary_unary
    stub = make(f"/io.linkerd.proxy.{service}/{method}",
                request_serializer=lambda m: m.SerializeToString(),
                response_deserializer=api.message(reply).FromString)
    return stub(api.build(request, fields), timeout=timeout)


def watch_endpoints(channel, path: str):
    return call(channel, "destination.Destination", "Get", "destination.GetDestination",
                "destination.Update", {"path": path})


def watch_policy(channel, ip: str, port: int):
    spec = {"source_workload": "test:a", "addr": messages.tcp_address(ip, port)}
    return call(channel, "outbound.OutboundPolicies", "Watch", "outbound.TrafficSpec",
                "outbound.OutboundPolicy", spec)


def signing_request(name: str, key=None) -> bytes:
    key = key or ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    names = x509.SubjectAlternativeName([x509.DNSName(name)])
    request = builder.add_extension(names, False).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.DER)


def certify(channel, identity: str, csr: bytes):
    fields = {"identity": identity, "token": b"t", "certificate_signing_request": csr}
    return call(channel, "identity.Identity", "Certify", "identity.CertifyRequest",
                "identity.CertifyResponse", fields, stream=False)


def test_a_certificate_chains_to_the_root_and_lives_as_long_as_told(control, channel):
    control.api.set_setting(name="leaf_lifetime", value=5)

    answer = certify(channel, "a.test.example", signing_request("a.test.example"))

    leaf = x509.load_der_x509_certificate(answer.leaf_certificate)
    issuer = x509.load_der_x509_certificate(answer.intermediate_certificates[0])
    root = x509.load_pem_x509_certificate(control.api.trust_anchors().encode())
    leaf.verify_directly_issued_by(issuer)
    issuer.verify_directly_issued_by(root)
    assert abs(leaf.not_valid_after_utc.timestamp() - answer.valid_until.seconds) < 1
    assert answer.valid_until.seconds - time.time() < 6


def test_a_request_for_another_name_is_refused(channel):
    with pytest.raises(grpc.RpcError) as fault:
        certify(channel, "a.test.example", signing_request("b.test.example"))
    assert fault.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_endpoints_come_at_once_and_then_as_differences(control, channel):
    first = {"address": "10.1.0.1", "port": 80, "identity": "a.example", "hint": "h2"}
    second = {"address": "fd00::2", "port": 81}
    control.api.set_service(name=WEB, address="10.96.0.1", port=80, endpoints=[first])
    updates = watch_endpoints(channel, f"{WEB}:80")

    assert [a.tls_identity.dns_like_identity.name for a in next(updates).add.addrs] == ["a.example"]
    control.api.set_endpoints(name=WEB, endpoints=[second])
    assert next(updates).add.addrs[0].addr.ip.ipv6.last == 2
    assert next(updates).remove.addrs[0].port == 80
    control.api.set_endpoints(name=WEB, endpoints=[])
    assert next(updates).no_endpoints.exists
    updates.cancel()


def test_an_address_gets_the_policy_of_its_service_and_others_none(control, channel):
    control.api.set_service(name=WEB, address="10.96.0.1", port=80)

    policy = next(watch_policy(channel, "10.96.0.1", 80))

    backend = policy.protocol.detect.http1.routes[0].rules[0].backends.first_available.backends[0]
    assert backend.backend.balancer.discovery.dst.path == f"{WEB}:80"
    with pytest.raises(grpc.RpcError) as fault:
        next(watch_policy(channel, "10.96.0.2", 80))
    assert fault.value.code() == grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize("kind", ["detect", "opaque", "http1", "http2", "grpc", "tls"])
def test_every_kind_of_policy_can_be_built(control, channel, kind):
    control.api.set_service(name=WEB, address="10.96.0.1", port=80, protocol=kind)
    control.api.set_port(workload="*", port=80, protocol=kind)

    port = call(channel, "inbound.InboundServerPolicies", "WatchPort", "inbound.PortSpec",
                "inbound.Server", {"workload": "w", "port": 80})

    assert next(watch_policy(channel, "10.96.0.1", 80)).protocol.WhichOneof("kind") == kind
    assert next(port).protocol.WhichOneof("kind") == kind


def test_a_profile_says_the_name_of_a_service_and_the_endpoint_of_a_workload(control, channel):
    control.api.set_service(name=WEB, address="10.96.0.1", port=80, opaque=True)
    control.api.set_workload(address="10.1.0.1", port=80, identity="a.example")

    def profile(path):
        return next(call(channel, "destination.Destination", "GetProfile",
                         "destination.GetDestination", "destination.DestinationProfile",
                         {"path": path}))

    assert profile("10.96.0.1:80").fully_qualified_name == WEB
    assert profile("10.96.0.1:80").opaque_protocol
    assert profile("10.1.0.1:80").endpoint.tls_identity.dns_like_identity.name == "a.example"
    assert not profile("10.9.9.9:80").HasField("endpoint")


def test_faults_delay_refuse_and_spoil(control, channel):
    control.api.set_fault(rpc="Get", status="UNAVAILABLE", times=1)
    with pytest.raises(grpc.RpcError) as fault:
        next(watch_endpoints(channel, f"{WEB}:80"))
    assert fault.value.code() == grpc.StatusCode.UNAVAILABLE

    control.api.set_fault(rpc="Get", delay=0.3, times=1)
    before = time.monotonic()
    late = watch_endpoints(channel, f"{WEB}:80")
    next(late)
    assert time.monotonic() - before >= 0.3
    late.cancel()
    wait_until(lambda: control.api.show_counters()["Get"]["open"] == 0, 5, "the end of the stream")

    control.api.set_fault(rpc="Get", payload="ffffffff", times=1)
    with pytest.raises(grpc.RpcError):
        next(watch_endpoints(channel, f"{WEB}:80"))


def test_streams_are_counted_and_can_be_ended(control, channel):
    updates = watch_endpoints(channel, "counted:80")
    next(updates)

    assert control.api.show_counters()["Get"]["targets"]["counted:80"] == 1
    with futures.ThreadPoolExecutor() as pool:
        waiting = pool.submit(lambda: next(updates, None))
        time.sleep(0.1)
        control.api.end_streams()
        with pytest.raises(grpc.RpcError) as fault:
            waiting.result(5)
    assert fault.value.code() == grpc.StatusCode.UNAVAILABLE


def test_a_killed_one_comes_back_as_it_was(control, channel):
    control.api.set_service(name=WEB, address="10.96.0.1", port=80)
    anchors = control.api.trust_anchors()

    control.kill()
    control.start()

    assert control.api.trust_anchors() == anchors
    with grpc.insecure_channel("127.0.0.1:8085") as again:
        assert next(watch_policy(again, "10.96.0.1", 80)).HasField("protocol")
