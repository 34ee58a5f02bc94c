#include "proxy/policy/matches_from_api.h"

#include <doctest/doctest.h>

#include "proxy/policy/outbound_from_api.h"
#include "proxy/policy/route_match.h"
#include "tests/unit/proxy/policy/messages.h"
#include "tests/unit/proxy/policy/outbound_faults.h"
#include "tests/unit/proxy/policy/requests.h"

using namespace mesh;
using namespace mesh::policy;
using namespace mesh::policy::test;

TEST_SUITE("policy/matches_from_api") {
  TEST_CASE("reads hosts and matches, and routes by them") {
    auto route = http_route();
    route.add_hosts()->mutable_suffix()->add_reverse_labels("com");
    auto& match = *route.mutable_rules(0)->add_matches();
    match.mutable_path()->set_regex("/v[0-9]+/.*");
    match.mutable_method()->set_registered(pb::http_types::HttpMethod::GET);
    auto& header = *match.add_headers();
    header.set_name("X-Canary");
    header.set_exact("yes");
    auto& query = *match.add_query_params();
    query.set_name("q");
    query.set_regex("[a-z]");
    const auto policy = outbound_policy_from(outbound_http1(route));

    const auto is_routed = [&](const RequestView& request) {
      return choose_route(policy.http1.routes, request).has_value();
    };
    const FakeFields canary{{"x-canary", "yes"}};
    CHECK(is_routed(get("/v1/a?q=x", "a.com", canary)));
    CHECK_FALSE(is_routed(get("/v1/a?q=x", "a.org", canary)));
    CHECK_FALSE(is_routed(get("/va/a?q=x", "a.com", canary)));
    CHECK_FALSE(is_routed(get("/v1/a?q=1", "a.com", canary)));
    CHECK_FALSE(is_routed(get("/v1/a?q=x", "a.com")));
    CHECK_FALSE(is_routed({"POST", "a.com", "/v1/a?q=x", canary}));
  }

  TEST_CASE("a rule without matches takes everything") {
    const auto policy = outbound_policy_from(outbound_http1(http_route()));

    CHECK(choose_route(policy.http1.routes, get("/any")).has_value());
  }

  TEST_CASE("hosts and matches that cannot be read are invalid") {
    const auto with_match = [](auto&& change) {
      auto route = http_route();
      change(*route.mutable_rules(0)->add_matches());
      return outbound_http1(route);
    };
    using Match = pb::http_route::HttpRouteMatch;

    auto route = http_route();
    route.add_hosts();
    CHECK(has_fault(outbound_http1(route), "host 0"));
    CHECK(has_fault(with_match([](Match& m) { m.mutable_path(); }), "path"));
    CHECK(has_fault(with_match([](Match& m) { m.mutable_path()->set_regex("("); }), "regular"));
    CHECK(has_fault(with_match([](Match& m) { m.mutable_method(); }), "method"));
    CHECK(has_fault(with_match([](Match& m) {
                      m.mutable_method()->set_registered(
                          static_cast<pb::http_types::HttpMethod::Registered>(99));
                    }),
                    "method"));
    CHECK(has_fault(with_match([](Match& m) { m.mutable_method()->set_unregistered("A B"); }),
                    "method"));
    CHECK(has_fault(with_match([](Match& m) { m.add_headers()->set_name("x"); }), "value"));
    CHECK(has_fault(with_match([](Match& m) { m.add_headers()->set_exact("x"); }), "field name"));
    CHECK(has_fault(with_match([](Match& m) { m.add_query_params()->set_exact("x"); }), "name"));
    CHECK(has_fault(with_match([](Match& m) { m.add_query_params()->set_name("x"); }), "value"));
  }

  TEST_CASE("a gRPC match needs its rpc") {
    auto message = outbound_base();
    auto& route = *message.mutable_protocol()->mutable_grpc()->add_routes();
    route = grpc_route();
    auto& match = *route.mutable_rules(0)->add_matches();
    CHECK(has_fault(message, "rpc"));
    match.mutable_rpc()->set_service("shop.Web");
    const auto policy = outbound_policy_from(message);
    CHECK(choose_route(policy.grpc.routes, call("/shop.Web/Get")).has_value());
    CHECK_FALSE(choose_route(policy.grpc.routes, call("/shop.Api/Get")).has_value());
  }
}
