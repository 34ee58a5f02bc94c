#include "proxy/policy/backends_from_api.h"

#include <doctest/doctest.h>

#include "tests/unit/proxy/policy/messages.h"
#include "tests/unit/proxy/policy/outbound_faults.h"

using namespace mesh;
using namespace mesh::policy;
using namespace mesh::policy::test;

namespace {

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

TEST_SUITE("policy/backends_from_api") {
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
    auto other_parent = balancer("web");
    other_parent.mutable_metadata()->mutable_resource()->set_name("api");
    const auto four = outbound_policy_from(with_backend(other_parent));
    CHECK(four.backends.key(0) != one.backends.key(0));
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
    CHECK(has_fault(with_backend(message), "no queue"));
    message = balancer("web");
    message.mutable_queue()->clear_failfast_timeout();
    CHECK(has_fault(with_backend(message), "failfast_timeout"));
  }

  TEST_CASE("a backend of no kind is valid and leads nowhere") {
    auto message = balancer("web");
    message.clear_kind();

    CHECK(std::holds_alternative<Nowhere>(only_backend(with_backend(message)).target));
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
}
