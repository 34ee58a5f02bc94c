#include "proxy/policy/endpoint.h"

#include <doctest/doctest.h>

#include <array>

using namespace mesh;
using namespace mesh::policy;

namespace {

Endpoint meshed() {
  Endpoint endpoint;
  endpoint.address = *net::SocketAddress::parse("10.0.0.1:8080");
  endpoint.server = ServerIdentity{"web.id", "web.id"};
  endpoint.hint = ProtocolHint::h2;
  endpoint.opaque_transport_port = 4143;
  return endpoint;
}

}  // namespace

TEST_SUITE("policy/endpoint") {
  TEST_CASE("an opaque transport is dialled at its port and told the real one") {
    const Endpoint endpoint = meshed();

    CHECK(endpoint.dial_address().text().view() == "10.0.0.1:4143");
    const auto header = endpoint.transport_header(SessionProtocol::http2);
    REQUIRE(header.has_value());
    CHECK(*header == TransportHeader{8080, "", SessionProtocol::http2});
  }

  TEST_CASE("an opaque endpoint is told no session protocol") {
    Endpoint endpoint = meshed();
    endpoint.hint = ProtocolHint::opaque;

    CHECK(endpoint.transport_header(SessionProtocol::http1)->protocol == SessionProtocol::opaque);
  }

  TEST_CASE("a gateway is told the name and port behind it") {
    Endpoint endpoint = meshed();
    endpoint.opaque_transport_port = 0;
    endpoint.authority = AuthorityOverride{"api.west:80", "api.west", 80};

    CHECK(endpoint.dial_address() == endpoint.address);
    CHECK(*endpoint.transport_header(SessionProtocol::http2) ==
          TransportHeader{80, "api.west", SessionProtocol::http2});
  }

  TEST_CASE("an authority without a port is not told, one that is an address only by its port") {
    Endpoint endpoint = meshed();
    endpoint.authority = AuthorityOverride{"api.west", "api.west", 0};
    CHECK(*endpoint.transport_header(SessionProtocol::opaque) ==
          TransportHeader{8080, "", SessionProtocol::opaque});

    endpoint.authority = AuthorityOverride{"10.9.9.9:81", "10.9.9.9", 81};
    CHECK(*endpoint.transport_header(SessionProtocol::opaque) ==
          TransportHeader{81, "", SessionProtocol::opaque});
  }

  TEST_CASE("without an identity there is no header and no other port") {
    Endpoint endpoint = meshed();
    endpoint.server.reset();

    CHECK(endpoint.dial_address() == endpoint.address);
    CHECK_FALSE(endpoint.transport_header(SessionProtocol::http2).has_value());
  }

  TEST_CASE("an endpoint without opaque transport or authority gets no header") {
    Endpoint endpoint = meshed();
    endpoint.opaque_transport_port = 0;

    CHECK_FALSE(endpoint.transport_header(SessionProtocol::http2).has_value());
  }

  TEST_CASE("the workload's own address is reached without TLS, upgrade or header") {
    const std::array own{*net::IpAddress::parse("10.0.0.1")};
    Endpoint endpoint = meshed();
    endpoint.authority = AuthorityOverride{"api.west:80", "api.west", 80};
    const Endpoint local = localised(endpoint, own);

    CHECK(local.is_local);
    CHECK_FALSE(local.server.has_value());
    CHECK(local.hint == ProtocolHint::none);
    CHECK_FALSE(local.authority.has_value());
    CHECK_FALSE(local.transport_header(SessionProtocol::http1).has_value());
    CHECK(local.dial_address() == endpoint.address);
  }

  TEST_CASE("other addresses stay as they are") {
    const std::array own{*net::IpAddress::parse("10.0.0.2")};

    CHECK(localised(meshed(), own) == meshed());
  }

  TEST_CASE("its text tells apart what must not share state") {
    Endpoint other = meshed();
    other.server->identity = "api.id";
    CHECK(other.text() != meshed().text());

    other = meshed();
    other.weight = 1;
    CHECK(other.text() == meshed().text());

    other = meshed();
    other.http2.max_frame_size = 1 << 20;
    CHECK(other.text() != meshed().text());
  }
}
