#include "proxy/stats/worker_stats.h"

#include <doctest/doctest.h>

#include "tests/support/test_loop.h"
#include "tests/unit/proxy/stats/scraped.h"

using namespace mesh;
using namespace mesh::stats;
using forward::Cause;
using forward::Outcome;
using test::has_line;

namespace {

// Gives every port one policy, and knows no destination.
class OnePolicy final : public discover::Discovery {
 public:
  Watch watch_outbound(const net::SocketAddress&, discover::OutboundWatcher&) override {
    return {};
  }
  Watch watch_endpoints(const policy::NameAndPort&, discover::EndpointsWatcher&) override {
    return {};
  }
  Watch watch_inbound(std::uint16_t, discover::InboundWatcher& watcher) override {
    policy::ServerPolicy policy;
    policy.kind = policy::ServerPolicy::Kind::detect;
    policy.meta = policy::Meta::built_in("all-unauthenticated");
    watcher.on_server_policy(Snapshot<policy::ServerPolicy>(std::move(policy)));
    return {};
  }
  void unwatch(std::uint64_t) override {}
};

class NoTls final : public forward::ClientTls {
 public:
  const tls::Context* client_context() const override { return nullptr; }
};

policy::Endpoint web() {
  policy::Endpoint endpoint;
  endpoint.address = *net::SocketAddress::parse("10.0.0.1:80");
  endpoint.labels.set("deployment", "web");
  return endpoint;
}

policy::Backend backend() {
  policy::Backend backend;
  backend.meta = policy::Meta{"core", "Service", "web", "shop", "", 80};
  backend.target = policy::Balanced{.destination = {"web.shop.svc", 80}, .ewma = {}, .penalty = {}};
  return backend;
}

Outcome answered(std::uint16_t status) {
  Outcome outcome;
  outcome.began = SystemClock().now();
  outcome.response_began = outcome.began + std::chrono::milliseconds(2);
  outcome.status = status;
  return outcome;
}

struct Fixture {
  virtual ~Fixture() = default;

  std::string text() { return test::scraped(registry); }

  test::TestLoop loop;
  OnePolicy discovery;
  NoTls no_tls;
  metrics::Registry registry{metrics::RegistrySettings{}};
  WorkerStats stats{
      registry,
      loop.loop(),
      {.access_log = AccessLogForm::off, .inbound_connections = 100, .outbound_connections = 200}};
  http::H2Context h2{loop.loop(), http::H2Role::client, http::H2Settings{}};
  forward::H1PoolSettings h1;
  inbound::AppResources app{.h2 = h2, .h1 = h1, .connect = {}, .sensor = nullptr};
  inbound::Port port{loop.loop(), discovery, app, 8080};
  inbound::Peer peer{.address = *net::SocketAddress::parse("10.0.0.9:5000"),
                     .is_tls = true,
                     .identity = "client.shop"};
  net::SocketAddress target = *net::SocketAddress::parse("10.0.0.2:8080");
  inbound::HttpSensor::Way way{port, peer, target};
  policy::Authorization authorization;
  policy::Meta route = policy::Meta::built_in("default");
};

const std::string kTarget =
    "target_addr=\"10.0.0.2:8080\",target_ip=\"10.0.0.2\",target_port=\"8080\"";
const std::string kServer =
    "srv_group=\"\",srv_kind=\"default\",srv_name=\"all-unauthenticated\",srv_port=\"8080\"";
const std::string kRoute = "route_group=\"\",route_kind=\"default\",route_name=\"default\"";
const std::string kAuthz = "authz_group=\"\",authz_kind=\"default\",authz_name=\"anybody\"";
const std::string kTls = "tls=\"true\",client_id=\"client.shop\"";

}  // namespace

TEST_SUITE("stats/inbound_stats") {
  TEST_CASE_FIXTURE(Fixture, "counts a request that was let in, with who let it in") {
    authorization.meta = policy::Meta::built_in("anybody");
    inbound::HttpSensor& sensor = *stats.inbound_sensors().http;
    const auto requests =
        sensor.sensor_of(way, route, {policy::Denial::none, &authorization}, false);

    requests->on_request();
    requests->on_over(answered(200));

    const std::string all = text();
    const std::string labels = "direction=\"inbound\"," + kTarget + "," + kTls + "," + kServer +
                               "," + kRoute + "," + kAuthz;
    CHECK(has_line(all, "request_total{" + labels + "} 1"));
    CHECK(has_line(
        all, "response_total{" + labels + ",status_code=\"200\",classification=\"success\"} 1"));
    CHECK(
        has_line(all, "response_latency_ms_bucket{" + labels + ",status_code=\"200\",le=\"2\"} 1"));
    CHECK(has_line(all, "inbound_http_authz_allow_total{" + kTarget + "," + kServer + "," + kRoute +
                            "," + kAuthz + "," + kTls + "} 1"));
    CHECK(has_line(all,
                   "inbound_http_statuses_total{parent_group=\"\",parent_kind=\"default\","
                   "parent_name=\"all-unauthenticated\"," +
                       kRoute + ",status=\"200\"} 1"));
  }

  TEST_CASE_FIXTURE(Fixture, "counts refused requests, and those without a route apart") {
    inbound::HttpSensor& sensor = *stats.inbound_sensors().http;

    sensor.on_refused(way, &route, {policy::Denial::identity, nullptr});
    sensor.on_refused(way, nullptr, {});

    const std::string all = text();
    CHECK(has_line(all, "inbound_http_authz_deny_total{" + kTarget + "," + kServer + "," + kRoute +
                            "," + kTls + "} 1"));
    CHECK(has_line(
        all, "inbound_http_route_not_found_total{" + kTarget + "," + kServer + "," + kTls + "} 1"));
  }

  TEST_CASE_FIXTURE(Fixture, "counts connections by the verdict on them") {
    inbound::SessionSensor& sensor = *stats.inbound_sensors().sessions;
    authorization.meta = policy::Meta::built_in("anybody");

    sensor.on_connection_judged(port, peer, target, {policy::Denial::none, &authorization}, false);
    sensor.on_connection_judged(port, peer, target, {policy::Denial::network, nullptr}, false);
    sensor.on_connection_judged(port, peer, target, {policy::Denial::network, nullptr}, true);

    const std::string all = text();
    CHECK(has_line(all, "inbound_tcp_authz_allow_total{" + kTarget + "," + kServer + "," + kAuthz +
                            "," + kTls + "} 1"));
    CHECK(has_line(all,
                   "inbound_tcp_authz_deny_total{" + kTarget + "," + kServer + "," + kTls + "} 1"));
    CHECK(has_line(
        all, "inbound_tcp_authz_terminate_total{" + kTarget + "," + kServer + "," + kTls + "} 1"));
  }

  TEST_CASE_FIXTURE(Fixture, "counts what the mesh failed, by its word, and malformed requests") {
    const inbound::InboundSensors sensors = stats.inbound_sensors();
    http::Head request(loop->pool());
    Outcome outcome = answered(502);
    outcome.cause = Cause::app_refused;
    outcome.resent = true;

    sensors.http->on_over(outcome, request, way);
    sensors.sessions->on_failed(Cause::app_timeout, target);
    sensors.sessions->on_malformed("bare_lf");

    const std::string all = text();
    CHECK(has_line(all, std::string("inbound_http_errors_total{error=\"") +
                            forward::reply_for(Cause::app_refused).code + "\"," + kTarget + "," +
                            kServer + "} 1"));
    CHECK(has_line(all, std::string("inbound_tcp_errors_total{error=\"") +
                            forward::reply_for(Cause::app_timeout).code + "\"," + kTarget + "} 1"));
    CHECK(
        has_line(all, "mesh_malformed_requests_total{direction=\"inbound\",reason=\"bare_lf\"} 1"));
    CHECK(has_line(all, "mesh_requests_resent_total{direction=\"inbound\"} 1"));
    CHECK(has_line(all, "mesh_connections_limit{direction=\"inbound\"} 100"));
    CHECK(has_line(all, "mesh_connections_limit{direction=\"outbound\"} 200"));
  }
}

TEST_SUITE("stats/outbound_stats") {
  TEST_CASE_FIXTURE(Fixture, "counts what an endpoint was given and what it answered") {
    const auto endpoint = stats.outbound_sensors().endpoints->sensor_of(web(), backend());

    endpoint->on_request();
    endpoint->on_response(answered(503), std::chrono::milliseconds(2));

    const std::string labels =
        "direction=\"outbound\",authority=\"web.shop.svc:80\",target_addr=\"10.0.0.1:80\","
        "target_ip=\"10.0.0.1\",target_port=\"80\",tls=\"no_identity\","
        "no_tls_reason=\"not_provided_by_service_discovery\",dst_deployment=\"web\"";
    const std::string all = text();
    CHECK(has_line(all, "request_total{" + labels + "} 1"));
    CHECK(has_line(
        all, "response_total{" + labels + ",status_code=\"503\",classification=\"failure\"} 1"));
    CHECK(
        has_line(all, "response_latency_ms_bucket{" + labels + ",status_code=\"503\",le=\"2\"} 1"));
  }

  TEST_CASE_FIXTURE(Fixture, "counts the requests of a route, and of its backend") {
    policy::OutboundPolicy policy;
    policy.meta = policy::Meta{"core", "Service", "web", "shop", "", 80};
    const auto requests = stats.outbound_sensors().http->sensor_of(policy, route, backend(), false);

    requests->on_request();
    requests->on_over(answered(200));

    const std::string parent =
        "parent_group=\"core\",parent_kind=\"Service\",parent_namespace=\"shop\","
        "parent_name=\"web\",parent_port=\"80\",parent_section_name=\"\",route_group=\"\","
        "route_kind=\"default\",route_namespace=\"\",route_name=\"default\"";
    const std::string to_backend =
        parent +
        ",backend_group=\"core\",backend_kind=\"Service\",backend_namespace=\"shop\","
        "backend_name=\"web\",backend_port=\"80\",backend_section_name=\"\"";
    const std::string all = text();
    CHECK(has_line(all, "outbound_http_route_request_statuses_total{" + parent +
                            ",hostname=\"\",http_status=\"200\",error=\"\"} 1"));
    CHECK(has_line(all, "outbound_http_route_backend_requests_total{" + to_backend + "} 1"));
    CHECK(has_line(all, "outbound_http_route_backend_response_statuses_total{" + to_backend +
                            ",http_status=\"200\",error=\"\"} 1"));
    CHECK(has_line(
        all, "outbound_http_route_request_duration_seconds_count{" + parent + ",hostname=\"\"} 1"));
  }

  TEST_CASE_FIXTURE(Fixture, "counts errors by their word, whether there was a route or not") {
    const outbound::OutboundSensors sensors = stats.outbound_sensors();
    Outcome outcome;
    outcome.cause = Cause::no_endpoints;
    outcome.status = 503;

    sensors.http->on_over(outcome);

    CHECK(has_line(text(), std::string("outbound_http_errors_total{error=\"") +
                               forward::reply_for(Cause::no_endpoints).code + "\"} 1"));
  }

  TEST_CASE_FIXTURE(Fixture, "looks at the sessions and balancers of a worker when asked") {
    outbound::OutboundSettings settings;
    const outbound::Outbound outbound(loop.loop(), settings, discovery, no_tls,
                                      stats.outbound_sensors());
    stats.watch(&outbound, nullptr);

    CHECK(has_line(text(), "mesh_connections{direction=\"outbound\"} 0"));
    stats.watch(nullptr, nullptr);
    CHECK(has_line(text(), "mesh_connections{direction=\"outbound\"} 0"));
  }
}
