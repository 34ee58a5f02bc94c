#include "proxy/policy/values_from_api.h"

#include <doctest/doctest.h>
#include <google/protobuf/duration.pb.h>

#include <limits>

using namespace mesh;
using namespace mesh::policy;

namespace {

google::protobuf::Duration duration(std::int64_t seconds, std::int32_t nanos) {
  google::protobuf::Duration message;
  message.set_seconds(seconds);
  message.set_nanos(nanos);
  return message;
}

pb::net::IPNetwork network(std::uint32_t ipv4, std::uint32_t prefix) {
  pb::net::IPNetwork message;
  message.mutable_ip()->set_ipv4(ipv4);
  message.set_prefix_len(prefix);
  return message;
}

}  // namespace

TEST_SUITE("policy/values_from_api") {
  TEST_CASE("reads durations") {
    CHECK(duration_from(duration(0, 0)) == Nanoseconds(0));
    CHECK(duration_from(duration(1, 500'000'000)) == std::chrono::milliseconds(1500));
    CHECK(duration_from(duration(2, -500'000'000)) == std::chrono::milliseconds(1500));
  }

  TEST_CASE("refuses negative durations of any size") {
    CHECK_FALSE(duration_from(duration(-1, 0)).has_value());
    CHECK_FALSE(duration_from(duration(0, -1)).has_value());
    CHECK_FALSE(duration_from(duration(-1, 999'999'999)).has_value());
    CHECK_FALSE(duration_from(duration(std::numeric_limits<std::int64_t>::min(), 0)).has_value());
  }

  TEST_CASE("cuts durations that would overflow") {
    constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
    CHECK(duration_from(duration(kMost, 999'999'999)) == kLongestDuration);
    CHECK(TimePoint::clock::now() + kLongestDuration > TimePoint::clock::now());
  }

  TEST_CASE("reads addresses of both versions") {
    pb::net::IPAddress message;
    CHECK_FALSE(ip_from(message).has_value());
    message.set_ipv4(0x0a010203);
    CHECK(ip_from(message)->text().view() == "10.1.2.3");
    message.mutable_ipv6()->set_first(0xfe80'0000'0000'0000);
    message.mutable_ipv6()->set_last(1);
    CHECK(ip_from(message)->text().view() == "fe80::1");
    message.mutable_ipv6()->set_first(0);
    message.mutable_ipv6()->set_last(0x0000'ffff'0a01'0203);
    CHECK(ip_from(message)->text().view() == "10.1.2.3");
  }

  TEST_CASE("reads networks, but not with prefixes longer than the address") {
    CHECK(network_from(network(0x0a000000, 8))->text().view() == "10.0.0.0/8");
    CHECK(network_from(network(0x0a000001, 32)).has_value());
    CHECK_FALSE(network_from(network(0x0a000001, 33)).has_value());
    CHECK_FALSE(network_from({}).has_value());

    pb::net::IPNetwork message;
    message.mutable_ip()->mutable_ipv6()->set_first(0xfd00'0000'0000'0000);
    message.set_prefix_len(8);
    CHECK(network_from(message)->text().view() == "fd00::/8");
    message.set_prefix_len(129);
    CHECK_FALSE(network_from(message).has_value());
  }

  TEST_CASE("a mapped IPv4 network is that IPv4 network") {
    pb::net::IPNetwork message;
    message.mutable_ip()->mutable_ipv6()->set_last(0x0000'ffff'0a00'0000);
    message.set_prefix_len(104);

    CHECK(network_from(message)->text().view() == "10.0.0.0/8");
  }

  TEST_CASE("names all registered methods and schemes") {
    pb::http_types::HttpMethod method;
    method.set_registered(pb::http_types::HttpMethod::TRACE);
    CHECK(method_from(method) == "TRACE");
    method.set_registered(pb::http_types::HttpMethod::GET);
    CHECK(method_from(method) == "GET");
    method.set_unregistered("PROPFIND");
    CHECK(method_from(method) == "PROPFIND");

    pb::http_types::Scheme scheme;
    CHECK_FALSE(scheme_from(scheme).has_value());
    scheme.set_registered(pb::http_types::Scheme::HTTPS);
    CHECK(scheme_from(scheme) == "https");
    scheme.set_unregistered("WS");
    CHECK(scheme_from(scheme) == "ws");
    scheme.set_unregistered("a b");
    CHECK_FALSE(scheme_from(scheme).has_value());
    scheme.set_registered(static_cast<pb::http_types::Scheme::Registered>(7));
    CHECK_FALSE(scheme_from(scheme).has_value());
  }

  TEST_CASE("inbound metadata is taken as it is") {
    pb::meta::Metadata message;
    message.mutable_resource()->set_kind("default");
    message.mutable_resource()->set_name("audit");
    CHECK(lenient_meta_from(message) == Meta::built_in("audit"));
    message.set_default_("audit");
    CHECK(lenient_meta_from(message) == Meta::built_in("audit"));
  }
}
