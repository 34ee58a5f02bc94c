#include "proxy/policy/default_policy.h"

#include <doctest/doctest.h>

#include <array>

#include "proxy/policy/route_match.h"
#include "tests/unit/proxy/policy/requests.h"

using namespace mesh;
using namespace mesh::policy;

namespace {

const std::array kCluster{*net::IpNetwork::parse("10.0.0.0/8")};

ServerPolicy policy_of(DefaultPolicy policy, ServerPolicy::Kind kind = ServerPolicy::Kind::detect) {
  return default_server_policy(policy, kind, std::chrono::seconds(10), kCluster);
}

Client client(const char* address, const char* identity) {
  return {*net::IpAddress::parse(address), identity[0] != '\0', identity};
}

// Who gets in: a plain and an authenticated client inside the cluster, the same from outside, each
// "+" or "-".
std::string lets_in(DefaultPolicy policy) {
  std::string text;
  for (const char* address : {"10.1.2.3", "192.0.2.1"})
    for (const char* identity : {"", "web.id"})
      text += authorize_connection(policy_of(policy), client(address, identity)).is_allowed() ? '+'
                                                                                              : '-';
  return text;
}

}  // namespace

TEST_SUITE("policy/default_policy") {
  TEST_CASE("each lets in whom its name says") {
    CHECK(lets_in(DefaultPolicy::deny) == "----");
    CHECK(lets_in(DefaultPolicy::all_authenticated) == "-+-+");
    CHECK(lets_in(DefaultPolicy::all_unauthenticated) == "++++");
    CHECK(lets_in(DefaultPolicy::cluster_authenticated) == "-+--");
    CHECK(lets_in(DefaultPolicy::cluster_unauthenticated) == "++--");
    CHECK(lets_in(DefaultPolicy::audit) == "++++");
  }

  TEST_CASE("authenticated is every identity, URIs too") {
    const auto policy = policy_of(DefaultPolicy::all_authenticated);

    CHECK(authorize_connection(policy, client("192.0.2.1", "spiffe://td/web")).is_allowed());
    CHECK(authorize_connection(policy, client("2001:db8::1", "web.id")).is_allowed());
  }

  TEST_CASE("they do not add the loopback, as a controller's do") {
    CHECK_FALSE(
        authorize_connection(policy_of(DefaultPolicy::deny), client("127.0.0.1", "")).is_allowed());
  }

  TEST_CASE("audit is told apart") {
    const auto audit = policy_of(DefaultPolicy::audit);
    const auto open = policy_of(DefaultPolicy::all_unauthenticated);

    CHECK(authorize_connection(audit, client("192.0.2.1", "")).is_audit());
    CHECK_FALSE(authorize_connection(open, client("192.0.2.1", "")).is_audit());
  }

  TEST_CASE("they are named in metadata") {
    const auto policy = policy_of(DefaultPolicy::all_unauthenticated);

    CHECK(policy.meta == Meta::built_in("all-unauthenticated"));
    CHECK(authorize_connection(policy, client("10.0.0.1", "")).by->meta == policy.meta);
  }

  TEST_CASE("a detecting port has a route for everything, an opaque one has none") {
    const auto detect = policy_of(DefaultPolicy::all_unauthenticated);
    const auto opaque = policy_of(DefaultPolicy::all_unauthenticated, ServerPolicy::Kind::opaque);

    CHECK(detect.detect_timeout == std::chrono::seconds(10));
    CHECK(choose_route(detect.http_routes, test::get("/")).has_value());
    CHECK(opaque.kind == ServerPolicy::Kind::opaque);
    CHECK(opaque.http_routes.empty());
  }

  TEST_CASE("names are read back, others are not") {
    for (const auto policy :
         {DefaultPolicy::deny, DefaultPolicy::all_authenticated, DefaultPolicy::all_unauthenticated,
          DefaultPolicy::cluster_authenticated, DefaultPolicy::cluster_unauthenticated,
          DefaultPolicy::audit})
      CHECK(default_policy_named(name_of(policy)) == policy);
    CHECK_FALSE(default_policy_named("allow").has_value());
    CHECK_FALSE(default_policy_named("").has_value());
  }

  TEST_CASE("without cluster networks nobody is in the cluster") {
    const auto policy = default_server_policy(DefaultPolicy::cluster_unauthenticated,
                                              ServerPolicy::Kind::detect, {}, {});

    CHECK_FALSE(authorize_connection(policy, client("10.0.0.1", "")).is_allowed());
  }
}
