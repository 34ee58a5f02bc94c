#include "proxy/policy/outbound_from_api.h"

#include <doctest/doctest.h>

#include "proxy/policy/route_match.h"
#include "tests/unit/proxy/policy/messages.h"
#include "tests/unit/proxy/policy/outbound_faults.h"
#include "tests/unit/proxy/policy/requests.h"

using namespace mesh;
using namespace mesh::policy;
using namespace mesh::policy::test;

namespace {

using Kind = OutboundPolicy::Kind;

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
