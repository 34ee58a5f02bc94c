#include "proxy/policy/effective_policy.h"

#include <doctest/doctest.h>

#include "proxy/policy/outbound_from_api.h"
#include "proxy/policy/route_match.h"
#include "tests/unit/proxy/policy/messages.h"
#include "tests/unit/proxy/policy/requests.h"

using namespace mesh;
using namespace mesh::policy;
using namespace mesh::policy::test;

namespace {

using Kind = OutboundPolicy::Kind;

const net::SocketAddress kOriginal = *net::SocketAddress::parse("10.1.2.3:8080");

Endpoint meshed_endpoint() {
  Endpoint endpoint;
  endpoint.address = kOriginal;
  endpoint.server = ServerIdentity{"web.id", "web.id"};
  return endpoint;
}

Profile named() {
  Profile profile;
  profile.name = "web.shop.svc.cluster.local";
  return profile;
}
Profile split(std::vector<Profile::Override> overrides) {
  Profile profile = named();
  profile.overrides = std::move(overrides);
  return profile;
}
Profile single_endpoint() {
  Profile profile;
  profile.endpoint = meshed_endpoint();
  return profile;
}
Profile opaque(Profile profile) {
  profile.is_opaque = true;
  return profile;
}

OutboundPolicy http1_policy() { return outbound_policy_from(outbound_http1(http_route("front"))); }

OutboundPolicy detect_policy() { return outbound_policy_from(outbound_detect()); }

// What the backends of a distribution are, in order.
std::string targets(const OutboundPolicy& policy, const Distribution& distribution) {
  std::string text;
  for (const BackendChoice& choice : distribution.choices) {
    const Backend& backend = policy.backends[choice.backend];
    if (const auto* balanced = std::get_if<Balanced>(&backend.target))
      text += "balance " + balanced->destination.text() + ' ';
    if (const auto* endpoint = std::get_if<Endpoint>(&backend.target))
      text += "forward " + endpoint->text() + ' ';
  }
  return text;
}

std::string http_targets(const OutboundPolicy& policy) {
  const auto choice = choose_route(policy.http1.routes, get("/"));
  return choice ? targets(policy, choice->rule->distribution) : "no route";
}
std::string opaque_targets(const OutboundPolicy& policy) {
  return policy.opaque ? targets(policy, policy.opaque->distribution) : "no route";
}

}  // namespace

TEST_SUITE("policy/effective_policy") {
  TEST_CASE("nothing known: forwards to the original address in plaintext") {
    const auto policy = effective_policy(kOriginal, nullptr, nullptr);

    CHECK(policy.kind == Kind::detect);
    CHECK(policy.meta == Meta::built_in("fallback"));
    CHECK(http_targets(policy) == "forward 10.1.2.3:8080 ");
    CHECK(opaque_targets(policy) == "forward 10.1.2.3:8080 ");
    CHECK(policy.http2.routes.size() == 1);
  }

  TEST_CASE("a profile that says nothing is as none") {
    const Profile nothing;
    const auto policy = effective_policy(kOriginal, nullptr, &nothing);

    CHECK(policy.meta == Meta::built_in("fallback"));
  }

  TEST_CASE("no policy but an endpoint: forwards to it with its identity") {
    const Profile profile = single_endpoint();
    const auto policy = effective_policy(kOriginal, nullptr, &profile);

    CHECK(policy.kind == Kind::detect);
    CHECK(policy.meta == Meta::built_in("endpoint"));
    CHECK(http_targets(policy) == "forward 10.1.2.3:8080 id web.id sni web.id ");
  }

  TEST_CASE("no policy but a name: balances over it at the original port") {
    const Profile profile = named();
    const auto policy = effective_policy(kOriginal, nullptr, &profile);

    CHECK(policy.meta == Meta::built_in("profile"));
    CHECK(http_targets(policy) == "balance web.shop.svc.cluster.local:8080 ");
    const auto& balanced = std::get<Balanced>(policy.backends[0].target);
    CHECK(balanced.ewma.default_rtt == std::chrono::milliseconds(30));
    CHECK(balanced.ewma.decay == std::chrono::seconds(10));
  }

  TEST_CASE("no policy but an opaque profile: bytes only") {
    const Profile profile = opaque(named());
    const auto policy = effective_policy(kOriginal, nullptr, &profile);

    CHECK(policy.kind == Kind::opaque);
    CHECK(policy.http1.routes.empty());
    CHECK(opaque_targets(policy) == "balance web.shop.svc.cluster.local:8080 ");
  }

  TEST_CASE("an endpoint wins over name and overrides") {
    Profile profile = split({{{"a", 1}, 1}});
    profile.endpoint = meshed_endpoint();

    CHECK(http_targets(effective_policy(kOriginal, nullptr, &profile)) ==
          "forward 10.1.2.3:8080 id web.id sni web.id ");
    const auto given = detect_policy();
    CHECK(http_targets(effective_policy(kOriginal, &given, &profile)) ==
          "balance web.shop.svc.cluster.local:80 ");
  }

  TEST_CASE("a policy holds as it is where the profile has nothing to add") {
    const auto given = detect_policy();
    const Profile profile = named();

    for (const Profile* said : {static_cast<const Profile*>(nullptr), &profile}) {
      const auto policy = effective_policy(kOriginal, &given, said);
      CHECK(policy.kind == Kind::detect);
      CHECK(policy.meta.text() == "core/Service shop/web");
      CHECK(http_targets(policy) == "balance web.shop.svc.cluster.local:80 ");
    }
  }

  TEST_CASE("an invalid policy stays invalid whatever the profile says") {
    const auto given = OutboundPolicy::invalid("because");
    const Profile profile = opaque(split({{{"a", 1}, 1}}));
    const auto policy = effective_policy(kOriginal, &given, &profile);

    CHECK(policy.kind == Kind::invalid);
    CHECK(policy.reason == "because");
  }

  TEST_CASE("overrides replace HTTP and opaque destinations") {
    const auto given = detect_policy();
    const Profile profile = split({{{"a.shop", 80}, 1}, {{"b.shop", 80}, 3}});
    const auto policy = effective_policy(kOriginal, &given, &profile);

    CHECK(http_targets(policy) == "balance a.shop:80 balance b.shop:80 ");
    CHECK(opaque_targets(policy) == "balance a.shop:80 balance b.shop:80 ");
    const auto& distribution = policy.http1.routes[0].rules[0].distribution;
    CHECK(distribution.kind == Distribution::Kind::random);
    CHECK(distribution.total_weight == 4);
    CHECK(policy.meta.name == "web");
  }

  TEST_CASE("overrides whose weights do not fit together are scaled down") {
    const Profile profile = split({{{"a", 1}, 0xffffffff}, {{"b", 1}, 0xffffffff}, {{"c", 1}, 1}});
    const auto policy = effective_policy(kOriginal, nullptr, &profile);

    const auto& distribution = policy.opaque->distribution;
    std::uint64_t sum = 0;
    for (const BackendChoice& choice : distribution.choices) sum += choice.weight;
    CHECK(sum == distribution.total_weight);
    CHECK(distribution.choices[0].weight == distribution.choices[1].weight);
    CHECK(distribution.choices[2].weight >= 1);
  }

  TEST_CASE("routes of a profile replace HTTP destinations only") {
    const auto given = detect_policy();
    Profile profile = named();
    profile.routes.emplace_back();
    const auto policy = effective_policy(kOriginal, &given, &profile);

    CHECK(http_targets(policy) == "balance web.shop.svc.cluster.local:8080 ");
    CHECK(opaque_targets(policy) == "balance web.shop.svc.cluster.local:80 ");
  }

  TEST_CASE("a profile without a name replaces nothing") {
    const auto given = detect_policy();
    Profile profile = split({{{"a", 1}, 1}});
    profile.name.clear();

    CHECK(http_targets(effective_policy(kOriginal, &given, &profile)) ==
          "balance web.shop.svc.cluster.local:80 ");
  }

  TEST_CASE("gRPC routes become HTTP routes where the profile replaces them") {
    auto message = outbound_base();
    *message.mutable_protocol()->mutable_grpc()->add_routes() = grpc_route();
    const auto given = outbound_policy_from(message);
    const Profile profile = split({{{"a", 1}, 1}});
    const auto policy = effective_policy(kOriginal, &given, &profile);

    CHECK(policy.kind == Kind::http2);
    REQUIRE(policy.http2.routes.size() == 1);
    CHECK(targets(policy, policy.http2.routes[0].rules[0].distribution) == "balance a:1 ");
  }

  TEST_CASE("TLS routes are not a profile's business") {
    auto message = outbound_base();
    *message.mutable_protocol()->mutable_tls()->add_routes() = tls_route();
    const auto given = outbound_policy_from(message);
    const Profile profile = split({{{"a", 1}, 1}});

    const auto policy = effective_policy(kOriginal, &given, &profile);
    CHECK(policy.kind == Kind::tls);
    CHECK(targets(policy, policy.tls[0].distribution) == "balance web.shop.svc.cluster.local:80 ");
  }

  TEST_CASE("an opaque profile leaves of a detecting policy the opaque part") {
    const auto given = detect_policy();
    const Profile profile = opaque(named());
    const auto policy = effective_policy(kOriginal, &given, &profile);

    CHECK(policy.kind == Kind::opaque);
    CHECK(opaque_targets(policy) == "balance web.shop.svc.cluster.local:80 ");
    CHECK(policy.http1.routes.empty());
    CHECK(policy.http2.routes.empty());
  }

  TEST_CASE("opaque wins over an HTTP policy, and goes where the profile says") {
    const auto given = http1_policy();
    const Profile profile = opaque(named());
    const auto policy = effective_policy(kOriginal, &given, &profile);

    CHECK(policy.kind == Kind::opaque);
    CHECK(opaque_targets(policy) == "balance web.shop.svc.cluster.local:8080 ");
  }

  TEST_CASE("opaque over HTTP, gRPC or TLS without a target goes where their first rule goes") {
    const Profile profile = opaque({});
    for (int kind = 0; kind < 4; ++kind) {
      auto message = outbound_http1(http_route());
      auto& protocol = *message.mutable_protocol();
      if (kind == 1) *protocol.mutable_http2()->add_routes() = http_route();
      if (kind == 2) *protocol.mutable_grpc()->add_routes() = grpc_route();
      if (kind == 3) *protocol.mutable_tls()->add_routes() = tls_route();
      const auto given = outbound_policy_from(message);
      const auto policy = effective_policy(kOriginal, &given, &profile);

      CHECK(policy.kind == Kind::opaque);
      CHECK(opaque_targets(policy) == "balance web.shop.svc.cluster.local:80 ");
      CHECK(policy.tls.empty());
    }
  }

  TEST_CASE("opaque over an HTTP policy without routes has none either") {
    auto message = outbound_base();
    message.mutable_protocol()->mutable_http1();
    const auto given = outbound_policy_from(message);
    const Profile profile = opaque({});
    const auto policy = effective_policy(kOriginal, &given, &profile);

    CHECK(policy.kind == Kind::opaque);
    CHECK(opaque_targets(policy) == "no route");
  }

  TEST_CASE("a rule that refuses requests refuses the bytes that may carry them") {
    auto route = http_route();
    route.mutable_rules(0)->add_filters()->mutable_failure_injector()->set_status(403);
    const auto given = outbound_policy_from(outbound_http1(route));
    const Profile profile = opaque({});
    const auto policy = effective_policy(kOriginal, &given, &profile);

    REQUIRE(policy.opaque.has_value());
    REQUIRE(policy.opaque->filters.size() == 1);
    CHECK(std::holds_alternative<RejectForbidden>(policy.opaque->filters[0]));
  }

  TEST_CASE("edits of requests do not matter to bytes") {
    auto route = http_route();
    route.mutable_rules(0)->add_filters()->mutable_request_header_modifier()->add_remove("x");
    const auto given = outbound_policy_from(outbound_http1(route));
    const Profile profile = opaque({});

    CHECK(effective_policy(kOriginal, &given, &profile).opaque->filters.empty());
  }

  TEST_CASE("a plain forward to an endpoint that is known to be meshed gains its identity") {
    auto route = http_route();
    route.mutable_rules(0)->clear_backends();
    set_only<pb::outbound::HttpRoute>(*route.mutable_rules(0), forward(8080));
    const auto given = outbound_policy_from(outbound_http1(route));
    const Profile profile = single_endpoint();

    CHECK(http_targets(effective_policy(kOriginal, &given, &profile)) ==
          "forward 10.1.2.3:8080 id web.id sni web.id ");
    CHECK(http_targets(effective_policy(kOriginal, &given, nullptr)) == "forward 10.1.2.3:8080 ");
  }

  TEST_CASE("forwards elsewhere, or with an identity of their own, stay as they are") {
    auto message = forward(9090);
    auto route = http_route();
    route.mutable_rules(0)->clear_backends();
    set_only<pb::outbound::HttpRoute>(*route.mutable_rules(0), message);
    const Profile profile = single_endpoint();
    auto given = outbound_policy_from(outbound_http1(route));
    CHECK(http_targets(effective_policy(kOriginal, &given, &profile)) == "forward 10.1.2.3:9090 ");

    message = forward(8080);
    message.mutable_forward()->mutable_tls_identity()->mutable_dns_like_identity()->set_name("own");
    route.mutable_rules(0)->clear_backends();
    set_only<pb::outbound::HttpRoute>(*route.mutable_rules(0), message);
    given = outbound_policy_from(outbound_http1(route));
    CHECK(http_targets(effective_policy(kOriginal, &given, &profile)) ==
          "forward 10.1.2.3:8080 id own sni own ");
  }
}
