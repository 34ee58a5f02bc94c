#include "proxy/policy/endpoint_from_api.h"

#include <doctest/doctest.h>

#include "tests/unit/proxy/policy/messages.h"

using namespace mesh;
using namespace mesh::policy;
using namespace mesh::policy::test;

namespace {

pb::destination::WeightedAddr plain() {
  pb::destination::WeightedAddr message;
  set_address(*message.mutable_addr(), 0x0a010203, 8080);
  message.set_weight(10'000);
  return message;
}

pb::destination::WeightedAddr with_dns(const char* name) {
  auto message = plain();
  message.mutable_tls_identity()->mutable_dns_like_identity()->set_name(name);
  return message;
}

}  // namespace

TEST_SUITE("policy/endpoint_from_api") {
  TEST_CASE("reads address and weight") {
    const auto endpoint = endpoint_from(plain());

    REQUIRE(endpoint.has_value());
    CHECK(endpoint->address.text().view() == "10.1.2.3:8080");
    CHECK(endpoint->weight == 10'000);
    CHECK_FALSE(endpoint->server.has_value());
    CHECK(endpoint->hint == ProtocolHint::none);
  }

  TEST_CASE("reads IPv6 addresses from their halves") {
    auto message = plain();
    message.mutable_addr()->mutable_ip()->mutable_ipv6()->set_first(0xfd00'0001'0002'0003);
    message.mutable_addr()->mutable_ip()->mutable_ipv6()->set_last(0x0004'0005'0006'0007);

    CHECK(endpoint_from(message)->address.text().view() == "[fd00:1:2:3:4:5:6:7]:8080");
  }

  TEST_CASE("drops endpoints without an address or with port 0") {
    auto message = plain();
    message.mutable_addr()->clear_ip();
    CHECK_FALSE(endpoint_from(message).has_value());

    message = plain();
    message.mutable_addr()->set_port(0);
    CHECK_FALSE(endpoint_from(message).has_value());

    message.mutable_addr()->set_port(65536);
    CHECK_FALSE(endpoint_from(message).has_value());
  }

  TEST_CASE("a DNS identity is its own server name unless another is given") {
    auto message = with_dns("Web.Shop.Identity");
    CHECK(*endpoint_from(message)->server ==
          ServerIdentity{"web.shop.identity", "web.shop.identity"});

    message.mutable_tls_identity()->mutable_server_name()->set_name("sni.shop");
    CHECK(*endpoint_from(message)->server == ServerIdentity{"web.shop.identity", "sni.shop"});
  }

  TEST_CASE("a URI identity needs a server name") {
    auto message = plain();
    message.mutable_tls_identity()->mutable_uri_like_identity()->set_uri("spiffe://td/Web");
    CHECK_FALSE(endpoint_from(message)->server.has_value());

    message.mutable_tls_identity()->mutable_server_name()->set_name("web.shop");
    CHECK(*endpoint_from(message)->server == ServerIdentity{"spiffe://td/Web", "web.shop"});
  }

  TEST_CASE("identities and server names that are none leave plaintext") {
    CHECK_FALSE(endpoint_from(with_dns("a b"))->server.has_value());
    CHECK_FALSE(endpoint_from(with_dns(""))->server.has_value());

    auto message = with_dns("web.shop");
    message.mutable_tls_identity()->mutable_server_name()->set_name("10.0.0.1");
    CHECK_FALSE(endpoint_from(message)->server.has_value());

    message = plain();
    message.mutable_tls_identity()->mutable_uri_like_identity()->set_uri("no uri");
    message.mutable_tls_identity()->mutable_server_name()->set_name("web.shop");
    CHECK_FALSE(endpoint_from(message)->server.has_value());
  }

  TEST_CASE("reads the protocol hints") {
    auto message = plain();
    message.mutable_protocol_hint()->mutable_h2();
    CHECK(endpoint_from(message)->hint == ProtocolHint::h2);
    message.mutable_protocol_hint()->mutable_opaque();
    CHECK(endpoint_from(message)->hint == ProtocolHint::opaque);
  }

  TEST_CASE("takes only ports that can be dialled for the opaque transport") {
    auto message = plain();
    auto& transport = *message.mutable_protocol_hint()->mutable_opaque_transport();
    for (const auto& [given, taken] :
         {std::pair(0u, 0u), {4143u, 4143u}, {65534u, 65534u}, {65535u, 0u}, {69679u, 0u}}) {
      transport.set_inbound_port(given);
      CHECK(endpoint_from(message)->opaque_transport_port == taken);
    }
  }

  TEST_CASE("ignores an authority that is none") {
    auto message = plain();
    message.mutable_authority_override()->set_authority_override("api.west:80");
    CHECK(endpoint_from(message)->authority->host == "api.west");
    CHECK(endpoint_from(message)->authority->port == 80);

    message.mutable_authority_override()->set_authority_override("http://x/");
    CHECK_FALSE(endpoint_from(message)->authority.has_value());
  }

  TEST_CASE("labels of the address override those of its set, and tell the locality") {
    pb::destination::Update update;
    auto& set = *update.mutable_add();
    (*set.mutable_metric_labels())["service"] = "web";
    (*set.mutable_metric_labels())["zone_locality"] = "local";
    *set.add_addrs() = plain();
    *set.add_addrs() = plain();
    (*set.mutable_addrs(1)->mutable_metric_labels())["zone_locality"] = "REMOTE";
    (*set.mutable_addrs(1)->mutable_metric_labels())["pod"] = "web-1";

    const auto change = endpoint_change_from(update);

    REQUIRE(change.added.size() == 2);
    CHECK(change.added[0].labels.value("service") == "web");
    CHECK(change.added[0].locality == ZoneLocality::local);
    CHECK(change.added[1].labels.value("service") == "web");
    CHECK(change.added[1].labels.value("pod") == "web-1");
    CHECK(change.added[1].locality == ZoneLocality::remote);
    CHECK(endpoint_from(plain())->locality == ZoneLocality::unknown);
  }

  TEST_CASE("settings for HTTP/2 are taken only when they are complete") {
    auto message = plain();
    auto& flow = *message.mutable_http2()->mutable_flow_control();
    flow.set_initial_stream_window_size(70'000);
    CHECK(endpoint_from(message)->http2.stream_window == 0);
    flow.set_initial_connection_window_size(1'000'000);
    CHECK(endpoint_from(message)->http2.stream_window == 70'000);
    CHECK(endpoint_from(message)->http2.connection_window == 1'000'000);
    flow.set_adaptive_flow_control(true);
    CHECK(endpoint_from(message)->http2.adaptive_windows);
    CHECK(endpoint_from(message)->http2.stream_window == 0);

    auto& keep_alive = *message.mutable_http2()->mutable_keep_alive();
    set_ms(*keep_alive.mutable_interval(), 10'000);
    CHECK(endpoint_from(message)->http2.keep_alive_interval.count() == 0);
    set_ms(*keep_alive.mutable_timeout(), 3'000);
    CHECK(endpoint_from(message)->http2.keep_alive_interval == std::chrono::seconds(10));
    keep_alive.mutable_timeout()->set_seconds(-1);
    CHECK(endpoint_from(message)->http2.keep_alive_interval.count() == 0);
  }

  TEST_CASE("reads removals and the end of all endpoints") {
    pb::destination::Update update;
    set_address(*update.mutable_remove()->add_addrs(), 0x0a010203, 80);
    update.mutable_remove()->add_addrs();  // no address
    auto change = endpoint_change_from(update);
    CHECK(change.kind == EndpointChange::Kind::remove);
    CHECK(change.removed.size() == 1);

    update.mutable_no_endpoints()->set_exists(true);
    change = endpoint_change_from(update);
    CHECK(change.kind == EndpointChange::Kind::clear);
    CHECK(change.exists);
  }

  TEST_CASE("an update of no known kind says nothing") {
    EndpointSet set;

    CHECK(set.apply(endpoint_change_from({})).is_empty());
    CHECK(set.state() == EndpointSet::State::unknown);
  }
}
