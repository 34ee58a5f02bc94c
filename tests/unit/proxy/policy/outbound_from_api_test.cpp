#include "proxy/policy/outbound_from_api.h"

#include <doctest/doctest.h>

#include "proxy/policy/route_match.h"
#include "tests/unit/proxy/policy/messages.h"
#include "tests/unit/proxy/policy/requests.h"

using namespace mesh;
using namespace mesh::policy;
using namespace mesh::policy::test;

namespace {

using Kind = OutboundPolicy::Kind;

// Why the message is invalid; empty when it is not.
std::string fault(const pb::outbound::OutboundPolicy& message) {
  const auto policy = outbound_policy_from(message);
  return policy.kind == Kind::invalid ? policy.reason : "";
}

bool has_fault(const pb::outbound::OutboundPolicy& message, std::string_view what) {
  const std::string reason = fault(message);
  INFO(reason);
  const bool found = reason.find(what) != std::string::npos;
  CHECK(found);
  return found;
}

// A policy of one HTTP route of one rule that has only this backend.
pb::outbound::OutboundPolicy with_backend(const pb::outbound::Backend& backend) {
  auto route = http_route();
  route.mutable_rules(0)->clear_backends();
  set_only<pb::outbound::HttpRoute>(*route.mutable_rules(0), backend);
  return outbound_http1(route);
}

Backend only_backend(const pb::outbound::OutboundPolicy& message) {
  const auto policy = outbound_policy_from(message);
  INFO(policy.reason);
  REQUIRE(policy.backends.size() == 1);
  return policy.backends[0];
}

// Weights of random alternatives named a, b, c, ...
pb::outbound::OutboundPolicy with_weights(std::initializer_list<std::uint32_t> weights) {
  auto route = http_route();
  auto& random = *route.mutable_rules(0)->mutable_backends()->mutable_random_available();
  std::string name = "a";
  for (const std::uint32_t weight : weights) {
    auto& choice = *random.add_backends();
    choice.set_weight(weight);
    *choice.mutable_backend()->mutable_backend() = balancer(name);
    ++name[0];
  }
  return outbound_http1(route);
}

}  // namespace

TEST_SUITE("policy/outbound_from_api") {
  TEST_CASE("reads a policy that detects the protocol") {
    const auto policy = outbound_policy_from(outbound_detect());

    CHECK(policy.reason == "");
    CHECK(policy.kind == Kind::detect);
    CHECK(policy.meta.text() == "core/Service shop/web");
    CHECK(policy.detect_timeout == std::chrono::seconds(10));
    REQUIRE(policy.http1.routes.size() == 1);
    CHECK(policy.http1.routes[0].meta.kind == "HTTPRoute");
    CHECK(policy.http2.routes.size() == 1);
    REQUIRE(policy.opaque.has_value());
    CHECK(policy.opaque->meta.kind == "TCPRoute");
    CHECK_FALSE(policy.http1.accrual.is_enabled());
  }

  TEST_CASE("reads every kind of policy") {
    auto message = outbound_base();
    *message.mutable_protocol()->mutable_opaque()->add_routes() = opaque_route();
    CHECK(outbound_policy_from(message).kind == Kind::opaque);

    *message.mutable_protocol()->mutable_http2()->add_routes() = http_route();
    CHECK(outbound_policy_from(message).kind == Kind::http2);
    CHECK(outbound_policy_from(message).http2.routes.size() == 1);

    *message.mutable_protocol()->mutable_grpc()->add_routes() = grpc_route();
    CHECK(outbound_policy_from(message).kind == Kind::grpc);
    CHECK(outbound_policy_from(message).grpc.routes.size() == 1);

    auto route = tls_route();
    route.add_snis()->set_exact("web.example.com");
    *message.mutable_protocol()->mutable_tls()->add_routes() = route;
    CHECK(outbound_policy_from(message).kind == Kind::tls);
    CHECK(outbound_policy_from(message).tls[0].snis[0].text() == "web.example.com");

    CHECK(outbound_policy_from(outbound_http1(http_route())).kind == Kind::http1);
  }

  TEST_CASE("an empty message is invalid, and no crash") {
    CHECK(outbound_policy_from({}).kind == Kind::invalid);
    CHECK(has_fault({}, "metadata missing"));
  }

  TEST_CASE("a policy needs metadata that names its object") {
    auto message = outbound_detect();
    message.mutable_metadata()->mutable_resource()->clear_group();
    CHECK(has_fault(message, "group"));
    message = outbound_detect();
    message.mutable_metadata()->mutable_resource()->clear_kind();
    CHECK(has_fault(message, "kind"));
    message = outbound_detect();
    message.mutable_metadata()->mutable_resource()->clear_name();
    CHECK(has_fault(message, "name"));
    message = outbound_detect();
    message.mutable_metadata()->mutable_resource()->clear_namespace_();
    CHECK(has_fault(message, "namespace"));
    message.mutable_metadata()->set_default_("");
    CHECK(fault(message) == "");
  }

  TEST_CASE("keeps section and port of metadata where they are ones") {
    auto message = outbound_detect();
    message.mutable_metadata()->mutable_resource()->set_section("http");
    message.mutable_metadata()->mutable_resource()->set_port(8080);
    CHECK(outbound_policy_from(message).meta.text() == "core/Service shop/web/http:8080");
    message.mutable_metadata()->mutable_resource()->set_port(65536);
    CHECK(outbound_policy_from(message).meta.port == 0);
  }

  TEST_CASE("an invalid policy keeps its metadata and names the place of the fault") {
    auto route = http_route("front");
    route.add_rules();
    const auto policy = outbound_policy_from(outbound_http1(route));

    CHECK(policy.kind == Kind::invalid);
    CHECK(policy.meta.name == "web");
    CHECK(policy.reason == "http1: route 0: core/HTTPRoute shop/front: rule 1: no backends");
  }

  TEST_CASE("the protocol must be of a known kind") {
    CHECK(has_fault(outbound_base(), "protocol"));
  }

  TEST_CASE("detection needs all of its parts") {
    auto message = outbound_detect();
    message.mutable_protocol()->mutable_detect()->clear_timeout();
    CHECK(has_fault(message, "timeout"));
    message = outbound_detect();
    message.mutable_protocol()->mutable_detect()->clear_http1();
    CHECK(has_fault(message, "http1"));
    message = outbound_detect();
    message.mutable_protocol()->mutable_detect()->clear_http2();
    CHECK(has_fault(message, "http2"));
    message = outbound_detect();
    message.mutable_protocol()->mutable_detect()->clear_opaque();
    CHECK(has_fault(message, "opaque"));
    message = outbound_detect();
    message.mutable_protocol()->mutable_detect()->mutable_timeout()->set_seconds(-1);
    CHECK(has_fault(message, "negative"));
  }

  TEST_CASE("without routes a policy is valid: everything fails for want of one") {
    auto message = outbound_base();
    message.mutable_protocol()->mutable_http1();
    CHECK(outbound_policy_from(message).kind == Kind::http1);
    message.mutable_protocol()->mutable_opaque();
    CHECK(outbound_policy_from(message).kind == Kind::opaque);
    CHECK_FALSE(outbound_policy_from(message).opaque.has_value());
  }

  TEST_CASE("an opaque policy has at most one route, of exactly one rule") {
    auto message = outbound_base();
    auto& opaque = *message.mutable_protocol()->mutable_opaque();
    *opaque.add_routes() = opaque_route();
    *opaque.add_routes() = opaque_route();
    CHECK(has_fault(message, "more than one route"));
    opaque.mutable_routes()->RemoveLast();
    *opaque.mutable_routes(0)->add_rules() = opaque.routes(0).rules(0);
    CHECK(has_fault(message, "not exactly one rule"));
    opaque.mutable_routes(0)->clear_rules();
    CHECK(has_fault(message, "not exactly one rule"));
  }

  TEST_CASE("a TLS route has exactly one rule, and server names of a kind") {
    auto message = outbound_base();
    auto& route = *message.mutable_protocol()->mutable_tls()->add_routes();
    route = tls_route();
    route.add_snis();
    CHECK(has_fault(message, "sni 0"));
    route.clear_snis();
    route.clear_rules();
    CHECK(has_fault(message, "not exactly one rule"));
  }

  TEST_CASE("routes of every kind need metadata") {
    auto route = http_route();
    route.clear_metadata();
    CHECK(has_fault(outbound_http1(route), "metadata missing"));

    auto message = outbound_base();
    *message.mutable_protocol()->mutable_opaque()->add_routes() = opaque_route();
    message.mutable_protocol()->mutable_opaque()->mutable_routes(0)->clear_metadata();
    CHECK(has_fault(message, "metadata missing"));
  }

  TEST_CASE("rules need a distribution of a known kind with backends") {
    auto route = http_route();
    route.mutable_rules(0)->clear_backends();
    CHECK(has_fault(outbound_http1(route), "no backends"));
    route.mutable_rules(0)->mutable_backends();
    CHECK(has_fault(outbound_http1(route), "distribution"));
    route.mutable_rules(0)->mutable_backends()->mutable_first_available();
    CHECK(has_fault(outbound_http1(route), "no backend to choose"));
    route.mutable_rules(0)->mutable_backends()->mutable_random_available();
    CHECK(has_fault(outbound_http1(route), "no backend to choose"));
    route.mutable_rules(0)->mutable_backends()->mutable_first_available()->add_backends();
    CHECK(has_fault(outbound_http1(route), "no backend"));
    route.mutable_rules(0)->mutable_backends()->mutable_empty();
    CHECK(fault(outbound_http1(route)) == "");
  }

  TEST_CASE("keeps the weights of random alternatives, also of those never drawn") {
    const auto policy = outbound_policy_from(with_weights({0, 3, 1}));

    const auto& distribution = policy.http1.routes[0].rules[0].distribution;
    CHECK(distribution.kind == Distribution::Kind::random);
    CHECK(distribution.total_weight == 4);
    REQUIRE(distribution.choices.size() == 3);
    CHECK(distribution.choices[0].weight == 0);
    CHECK(distribution.choices[1].weight == 3);
  }

  TEST_CASE("a single alternative counts whatever its weight") {
    const auto policy = outbound_policy_from(with_weights({0}));

    CHECK(policy.http1.routes[0].rules[0].distribution.total_weight == 1);
  }

  TEST_CASE("weights that are all zero or too large are invalid") {
    CHECK(has_fault(with_weights({0, 0}), "weights are all 0"));
    CHECK(has_fault(with_weights({0xffffffff, 1}), "weights are too large"));
    CHECK(fault(with_weights({0xfffffffe, 1})) == "");
  }

  TEST_CASE("a backend used in many places is one") {
    const auto policy = outbound_policy_from(outbound_detect());

    CHECK(policy.backends.size() == 1);
    CHECK(policy.http1.routes[0].rules[0].distribution.choices[0].backend == 0);
    CHECK(policy.opaque->distribution.choices[0].backend == 0);
  }

  TEST_CASE("alternatives may name the same backend twice") {
    auto route = http_route();
    auto& first = *route.mutable_rules(0)->mutable_backends()->mutable_first_available();
    *first.add_backends() = first.backends(0);
    const auto policy = outbound_policy_from(outbound_http1(route));

    CHECK(policy.backends.size() == 1);
    CHECK(policy.http1.routes[0].rules[0].distribution.choices.size() == 2);
  }

  TEST_CASE("the key of a backend is the same in every policy that has it") {
    const auto one = outbound_policy_from(with_backend(balancer("web")));
    const auto two = outbound_policy_from(with_weights({1, 1}));
    const auto three = outbound_policy_from(outbound_detect());

    CHECK(one.backends.key(0) == three.backends.key(0));
    CHECK(two.backends.key(0) != one.backends.key(0));
    CHECK(two.backends.key(0) != two.backends.key(1));
  }

  TEST_CASE("reads a balancer with its parameters") {
    auto message = balancer("web");
    set_ms(*message.mutable_balancer()->mutable_peak_ewma()->mutable_default_rtt(), 5);
    const Backend backend = only_backend(with_backend(message));

    const auto& balanced = std::get<Balanced>(backend.target);
    CHECK(balanced.destination.text() == "web.shop.svc.cluster.local:80");
    CHECK(balanced.ewma.default_rtt == std::chrono::milliseconds(5));
    CHECK(balanced.ewma.decay == std::chrono::seconds(10));
    CHECK_FALSE(balanced.penalty.has_value());
    CHECK(backend.queue.capacity == 100);
  }

  TEST_CASE("a penalising balancer has defaults for everything") {
    auto message = balancer("web");
    auto& load = *message.mutable_balancer()->mutable_penalty_peak_ewma();
    auto balanced = std::get<Balanced>(only_backend(with_backend(message)).target);
    CHECK(balanced.ewma.default_rtt == std::chrono::milliseconds(30));
    CHECK(balanced.ewma.decay == std::chrono::seconds(10));
    REQUIRE(balanced.penalty.has_value());
    CHECK(balanced.penalty->penalty == std::chrono::seconds(5));
    CHECK(balanced.penalty->max_retry_after == std::chrono::seconds(300));

    set_ms(*load.mutable_penalty(), 1'000);
    balanced = std::get<Balanced>(only_backend(with_backend(message)).target);
    CHECK(balanced.penalty->penalty == std::chrono::seconds(1));
    load.mutable_penalty_decay()->set_nanos(-1);
    CHECK(has_fault(with_backend(message), "negative"));
  }

  TEST_CASE("a destination without a port, or that is an address, is invalid") {
    for (const char* path : {"web.shop.svc.cluster.local", "10.0.0.1:80", "[::1]:80", ":80", "",
                             "web:0", "web:http"}) {
      auto message = balancer("web");
      message.mutable_balancer()->mutable_discovery()->mutable_dst()->set_path(path);
      CHECK(has_fault(with_backend(message), "name:port"));
    }
  }

  TEST_CASE("a balancer needs discovery and a load with both durations") {
    auto message = balancer("web");
    message.mutable_balancer()->clear_discovery();
    CHECK(has_fault(with_backend(message), "discovery"));
    message = balancer("web");
    message.mutable_balancer()->clear_load();
    CHECK(has_fault(with_backend(message), "load"));
    message = balancer("web");
    message.mutable_balancer()->mutable_peak_ewma()->clear_decay();
    CHECK(has_fault(with_backend(message), "decay"));
    message = balancer("web");
    message.mutable_balancer()->mutable_peak_ewma()->clear_default_rtt();
    CHECK(has_fault(with_backend(message), "default_rtt"));
  }

  TEST_CASE("a decay of nothing still is a duration to divide by") {
    auto message = balancer("web");
    set_ms(*message.mutable_balancer()->mutable_peak_ewma()->mutable_decay(), 0);

    CHECK(std::get<Balanced>(only_backend(with_backend(message)).target).ewma.decay.count() == 1);
  }

  TEST_CASE("forwards to an endpoint, but never to port 0 or no address") {
    const Backend backend = only_backend(with_backend(forward()));
    CHECK(std::get<Endpoint>(backend.target).address.text().view() == "10.1.2.3:8080");

    CHECK(has_fault(with_backend(forward(0)), "port 0"));
    auto message = forward();
    message.mutable_forward()->clear_addr();
    CHECK(has_fault(with_backend(message), "no address"));
  }

  TEST_CASE("a backend needs metadata and a queue with its timeout") {
    auto message = balancer("web");
    message.clear_metadata();
    CHECK(has_fault(with_backend(message), "metadata"));
    message = balancer("web");
    message.clear_queue();
    CHECK(has_fault(with_backend(message), "queue"));
    message = balancer("web");
    message.mutable_queue()->clear_failfast_timeout();
    CHECK(has_fault(with_backend(message), "failfast_timeout"));
  }

  TEST_CASE("a backend of no kind is valid and leads nowhere") {
    auto message = balancer("web");
    message.clear_kind();

    CHECK(std::holds_alternative<Nowhere>(only_backend(with_backend(message)).target));
  }

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

  TEST_CASE("backends may have filters of their own") {
    auto route = http_route();
    auto& filter = *route.mutable_rules(0)
                        ->mutable_backends()
                        ->mutable_first_available()
                        ->mutable_backends(0)
                        ->add_filters();
    CHECK(has_fault(outbound_http1(route), "filter 0"));
    filter.mutable_request_header_modifier()->add_remove("X-Secret");
    const auto policy = outbound_policy_from(outbound_http1(route));
    const auto& choice = policy.http1.routes[0].rules[0].distribution.choices[0];
    CHECK(std::get<EditRequest>(choice.filters.at(0)).edits.remove.at(0) == "x-secret");
  }

  TEST_CASE("connections may be rejected by filters") {
    auto message = outbound_base();
    *message.mutable_protocol()->mutable_opaque()->add_routes() = opaque_route();
    auto& filter = *message.mutable_protocol()
                        ->mutable_opaque()
                        ->mutable_routes(0)
                        ->mutable_rules(0)
                        ->add_filters();
    CHECK(has_fault(message, "filter of no known kind"));
    filter.mutable_forbidden();
    CHECK(std::holds_alternative<RejectForbidden>(
        outbound_policy_from(message).opaque->filters.at(0)));
    filter.mutable_invalid()->set_message("why");
    CHECK(std::get<RejectInvalid>(outbound_policy_from(message).opaque->filters.at(0)).message ==
          "why");
  }

  TEST_CASE("a copy has everything and lives on its own") {
    auto route = http_route();
    route.mutable_rules(0)->add_matches()->mutable_path()->set_regex("/a.*");
    auto original = std::make_unique<OutboundPolicy>(outbound_policy_from(outbound_http1(route)));
    const OutboundPolicy copy = *original;
    original.reset();

    CHECK(choose_route(copy.http1.routes, get("/ab")).has_value());
    CHECK(copy.backends[0].meta.name == "web");
  }
}
