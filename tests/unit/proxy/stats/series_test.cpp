#include <doctest/doctest.h>

#include "proxy/stats/flow_families.h"
#include "proxy/stats/http_series.h"
#include "proxy/stats/labels.h"
#include "proxy/stats/status_series.h"
#include "tests/support/allocation_counter.h"
#include "tests/unit/proxy/stats/scraped.h"

using namespace mesh;
using namespace mesh::stats;
using forward::Cause;
using forward::Outcome;
using metrics::LabelText;
using test::has_line;

namespace {

struct Fixture {
  virtual ~Fixture() = default;

  metrics::Registry registry{metrics::RegistrySettings{}};
  HttpFamilies families{registry};
  HttpSeries series{families, LabelText().add("direction", "inbound")};
};

Outcome answered(std::uint16_t status) {
  Outcome outcome;
  outcome.status = status;
  return outcome;
}

}  // namespace

TEST_SUITE("stats/http_series") {
  TEST_CASE_FIXTURE(Fixture, "counts requests, responses and their latency in milliseconds") {
    series.on_request();
    series.on_response(answered(200), std::chrono::milliseconds(15));

    const std::string text = test::scraped(registry);
    CHECK(has_line(text, "request_total{direction=\"inbound\"} 1"));
    CHECK(has_line(text,
                   "response_total{direction=\"inbound\",status_code=\"200\","
                   "classification=\"success\"} 1"));
    const std::string latency =
        "response_latency_ms_bucket{direction=\"inbound\",status_code=\"200\"";
    CHECK(has_line(text, latency + ",le=\"10\"} 0"));
    CHECK(has_line(text, latency + ",le=\"20\"} 1"));
    CHECK(has_line(text, latency + ",le=\"50000\"} 1"));
  }

  TEST_CASE_FIXTURE(Fixture, "tells failures from successes, HTTP by status, gRPC by code") {
    series.on_response(answered(500), Nanoseconds(1));
    series.on_response(answered(429), Nanoseconds(1));
    Outcome call = answered(200);
    call.is_grpc = true;
    call.grpc_status = 14;
    series.on_response(call, Nanoseconds(1));

    const std::string text = test::scraped(registry);
    CHECK(has_line(text,
                   "response_total{direction=\"inbound\",status_code=\"500\","
                   "classification=\"failure\"} 1"));
    CHECK(has_line(text,
                   "response_total{direction=\"inbound\",status_code=\"429\","
                   "classification=\"success\"} 1"));
    CHECK(has_line(text,
                   "response_total{direction=\"inbound\",status_code=\"200\","
                   "classification=\"failure\",grpc_status=\"14\"} 1"));
  }

  TEST_CASE_FIXTURE(Fixture, "says why there was no response") {
    Outcome lost;
    lost.cause = Cause::response_lost;
    series.on_response(lost, Nanoseconds(0));

    const std::string text = test::scraped(registry);
    CHECK(has_line(text, std::string("response_total{direction=\"inbound\",classification="
                                     "\"failure\",error=\"") +
                             forward::reply_for(Cause::response_lost).code + "\"} 1"));
    CHECK(text.find("response_latency_ms") == std::string::npos);
  }

  TEST_CASE_FIXTURE(Fixture, "counts every status though it holds only some") {
    for (std::uint16_t status = 200; status < 240; ++status)
      series.on_response(answered(status), Nanoseconds(1));
    for (std::uint16_t status = 200; status < 240; ++status)
      series.on_response(answered(status), Nanoseconds(1));

    const std::string text = test::scraped(registry);
    CHECK(has_line(text,
                   "response_total{direction=\"inbound\",status_code=\"239\","
                   "classification=\"success\"} 2"));
  }

  TEST_CASE_FIXTURE(Fixture, "does not allocate for a status that it has seen") {
    series.on_response(answered(200), Nanoseconds(1));

    const test::AllocationCounter allocations;
    for (int i = 0; i < 10; ++i) {
      series.on_request();
      series.on_response(answered(200), Nanoseconds(1));
    }

    CHECK(allocations.count() == 0);
  }
}

TEST_SUITE("stats/status_series") {
  const metrics::Description kStatuses = {"statuses_total", "Statuses"};

  TEST_CASE("names HTTP statuses by number and gRPC codes by name") {
    metrics::Registry registry{metrics::RegistrySettings{}};
    auto& family = registry.counter(kStatuses);
    StatusSeries http(family, LabelText().add("r", "a"), {.names_kind = true, .has_error = true});
    StatusSeries grpc(family, LabelText().add("r", "b"), {.is_grpc = true});

    http.count(answered(204));
    http.count(answered(204));
    Outcome call = answered(200);
    call.grpc_status = 5;
    grpc.count(call);

    const std::string text = test::scraped(registry);
    CHECK(has_line(text, "statuses_total{r=\"a\",http_status=\"204\",error=\"\"} 2"));
    CHECK(has_line(text, "statuses_total{r=\"b\",status=\"NOT_FOUND\"} 1"));
  }

  TEST_CASE("tells in known words what went wrong in the mesh") {
    Outcome outcome = answered(503);
    outcome.cause = Cause::no_endpoints;
    CHECK(error_label(outcome) == "FAIL_FAST");
    outcome.cause = Cause::load_shed;
    CHECK(error_label(outcome) == "LOAD_SHED");
    outcome.cause = Cause::connect_refused;
    CHECK(error_label(outcome) == "IO");
    CHECK(error_label(answered(500)).empty());
    Outcome reset;
    reset.reset_code = http::H2Code::refused_stream;
    CHECK(error_label(reset) == "REFUSED");
  }
}

TEST_SUITE("stats/flow_families") {
  TEST_CASE("counts causes by their words") {
    metrics::Registry registry{metrics::RegistrySettings{}};
    const metrics::Description errors = {"errors_total", "Errors"};
    CauseSeries causes(registry.counter(errors), LabelText().add("a", "b"));

    causes.count(Cause::unauthorized);
    causes.count(Cause::unauthorized);

    CHECK(has_line(test::scraped(registry), std::string("errors_total{error=\"") +
                                                forward::reply_for(Cause::unauthorized).code +
                                                "\",a=\"b\"} 2"));
  }
}

TEST_SUITE("stats/labels") {
  TEST_CASE("describes an endpoint in the order that dashboards know") {
    policy::Endpoint endpoint;
    endpoint.address = *net::SocketAddress::parse("10.0.0.1:80");
    endpoint.server = policy::ServerIdentity{"web.shop", "web.shop"};
    endpoint.labels.set("service", "web");
    policy::Backend backend;
    backend.target =
        policy::Balanced{.destination = {"web.shop.svc", 80}, .ewma = {}, .penalty = {}};

    CHECK(endpoint_labels(endpoint, backend).text() ==
          "authority=\"web.shop.svc:80\",target_addr=\"10.0.0.1:80\",target_ip=\"10.0.0.1\","
          "target_port=\"80\",tls=\"true\",server_id=\"web.shop\",dst_service=\"web\"");
    endpoint.server.reset();
    CHECK(endpoint_labels(endpoint, {})
              .text()
              .ends_with("tls=\"no_identity\",no_tls_reason=\"not_provided_by_service_discovery\","
                         "dst_service=\"web\""));
  }

  TEST_CASE("describes who a client proved to be") {
    inbound::Peer peer{
        .address = *net::SocketAddress::parse("10.0.0.1:5000"), .is_tls = true, .identity = ""};
    CHECK(client_tls_labels(peer).text() == "tls=\"true\",client_id=\"\"");
    peer.is_tls = false;
    CHECK(client_tls_labels(peer).text() ==
          "tls=\"no_identity\",no_tls_reason=\"no_tls_from_remote\"");
    peer.address = *net::SocketAddress::parse("127.0.0.1:5000");
    CHECK(client_tls_labels(peer).text() == "tls=\"no_identity\",no_tls_reason=\"loopback\"");
  }

  TEST_CASE("names objects of the control plane in full") {
    const policy::Meta meta{"core", "Service", "web", "shop", "http", 80};
    CHECK(parent_labels("parent", meta).text() ==
          "parent_group=\"core\",parent_kind=\"Service\",parent_namespace=\"shop\","
          "parent_name=\"web\",parent_port=\"80\",parent_section_name=\"http\"");
    CHECK(route_labels("route", policy::Meta::built_in("default")).text() ==
          "route_group=\"\",route_kind=\"default\",route_namespace=\"\",route_name=\"default\"");
    CHECK(server_labels(meta, 8080).text() ==
          "srv_group=\"core\",srv_kind=\"Service\",srv_name=\"web\",srv_port=\"8080\"");
  }
}
