#include "proxy/stats/outbound_stats.h"

#include <array>

#include "proxy/stats/labels.h"
#include "proxy/stats/status_series.h"

namespace mesh::stats {
namespace {

using metrics::Description;
using metrics::Held;

constexpr std::array<double, 4> kRouteSeconds = {0.05, 0.5, 1, 10};
constexpr std::array<double, 7> kBackendSeconds = {0.025, 0.05, 0.1, 0.25, 0.5, 1, 10};

struct RouteDescriptions {
  Description durations, statuses, backend_requests, backend_durations, backend_statuses;
};
const RouteDescriptions kHttpRoutes = {
    {"outbound_http_route_request_duration_seconds", "From a request to the end of its response.",
     kRouteSeconds},
    {"outbound_http_route_request_statuses_total", "Requests by how they ended."},
    {"outbound_http_route_backend_requests_total", "Requests given to a backend."},
    {"outbound_http_route_backend_response_duration_seconds",
     "From a request to the end of its backend's response.", kBackendSeconds},
    {"outbound_http_route_backend_response_statuses_total", "Responses of a backend."}};
const RouteDescriptions kGrpcRoutes = {
    {"outbound_grpc_route_request_duration_seconds", "From a call to its status.", kRouteSeconds},
    {"outbound_grpc_route_request_statuses_total", "Calls by how they ended."},
    {"outbound_grpc_route_backend_requests_total", "Calls given to a backend."},
    {"outbound_grpc_route_backend_response_duration_seconds",
     "From a call to its backend's status.", kBackendSeconds},
    {"outbound_grpc_route_backend_response_statuses_total", "Statuses of a backend."}};

const Description kHttpErrors = {"outbound_http_errors_total", "Requests that the mesh failed."};
const Description kTcpErrors = {"outbound_tcp_errors_total", "Connections that the mesh failed."};
const Description kProtocols = {"outbound_tcp_protocol_connections_total",
                                "Connections of the workload by what they speak."};
const Description kHttpEndpoints = {"outbound_http_balancer_endpoints",
                                    "Endpoints of a balancer of requests."};
const Description kTcpEndpoints = {"outbound_tcp_balancer_endpoints",
                                   "Endpoints of a balancer of connections."};
const Description kHttpQueue = {"outbound_http_balancer_queue_length",
                                "Requests that wait for an endpoint."};
const Description kTcpQueue = {"outbound_tcp_balancer_queue_length",
                               "Connections that wait for an endpoint."};
const Description kSilent = {"mesh_silent_endpoints_total",
                             "Connections given up because the endpoint fell silent."};

LabelText direction() { return LabelText().add("direction", "outbound"); }

std::string_view name_of(listen::Protocol protocol) {
  switch (protocol) {
    case listen::Protocol::http1: return "http/1";
    case listen::Protocol::http2: return "http/2";
    case listen::Protocol::tls: return "tls";
    case listen::Protocol::opaque: return "opaq";
  }
  return "opaq";
}

double seconds(Nanoseconds time) { return std::chrono::duration<double>(time).count(); }

// The requests of a route that go to one of its backends.
class RouteSeries final : public forward::RequestSensor {
 public:
  RouteSeries(RouteFamilies& families, const Clock& clock, const LabelText& route,
              const LabelText& backend)
      : clock_(clock),
        requests_(families.backend_requests.series(backend)),
        durations_(families.durations.series(route)),
        backend_durations_(families.backend_durations.series(backend)),
        statuses_(families.statuses, route,
                  {.names_kind = true, .has_error = true, .is_grpc = families.is_grpc}),
        backend_statuses_(families.backend_statuses, backend,
                          {.names_kind = true, .has_error = true, .is_grpc = families.is_grpc}) {}

  void on_request() override { requests_->add(); }

  void on_over(const forward::Outcome& outcome) override {
    const double duration = seconds(clock_.now() - outcome.began);
    durations_->observe(duration);
    statuses_.count(outcome);
    if (outcome.response_began == TimePoint{}) return;
    backend_durations_->observe(duration);
    backend_statuses_.count(outcome);
  }

 private:
  const Clock& clock_;
  Held<metrics::Counter> requests_;
  Held<metrics::Histogram> durations_;
  Held<metrics::Histogram> backend_durations_;
  StatusSeries statuses_;
  StatusSeries backend_statuses_;
};

class EndpointSeries final : public outbound::EndpointSensor {
 public:
  EndpointSeries(FlowFamilies& flows, metrics::Family<metrics::Counter>& silent,
                 const LabelText& labels)
      : flows_(flows),
        silent_(silent),
        http_labels_(direction().add(labels)),
        transports_(flows.transports.families(), direction().add("peer", "dst").add(labels)) {}

  // Endpoints of a TCP balancer have no requests, and so no series of them.
  void on_request() override {
    if (!http_) http_.emplace(flows_.http, http_labels_);
    http_->on_request();
  }
  void on_response(const forward::Outcome& outcome, Nanoseconds latency) override {
    if (http_) http_->on_response(outcome, latency);
  }

  void on_open(net::TcpStream& transport) override {
    flows_.transports.open(transport, transports_);
    flows_.transports.assign(transport, transports_);
  }
  void on_close(net::TcpStream& transport, const Error& error) override {
    flows_.transports.close(transport, error);
    if (error.code == Errc::timed_out) silent_.series({})->add();
  }

 private:
  FlowFamilies& flows_;
  metrics::Family<metrics::Counter>& silent_;
  const LabelText http_labels_;
  std::optional<HttpSeries> http_;
  TransportSeries transports_;
};

}  // namespace

RouteFamilies::RouteFamilies(metrics::Registry& registry, bool grpc)
    : is_grpc(grpc),
      durations(registry.histogram((grpc ? kGrpcRoutes : kHttpRoutes).durations)),
      statuses(registry.counter((grpc ? kGrpcRoutes : kHttpRoutes).statuses)),
      backend_requests(registry.counter((grpc ? kGrpcRoutes : kHttpRoutes).backend_requests)),
      backend_durations(registry.histogram((grpc ? kGrpcRoutes : kHttpRoutes).backend_durations)),
      backend_statuses(registry.counter((grpc ? kGrpcRoutes : kHttpRoutes).backend_statuses)) {}

OutboundStats::OutboundStats(metrics::Registry& registry, FlowFamilies& flows, const Clock& clock)
    : flows_(flows),
      clock_(clock),
      http_routes_(registry, false),
      grpc_routes_(registry, true),
      tcp_errors_(registry.counter(kTcpErrors)),
      protocols_(registry.counter(kProtocols)),
      http_endpoints_(registry.gauge(kHttpEndpoints)),
      tcp_endpoints_(registry.gauge(kTcpEndpoints)),
      http_queue_(registry.gauge(kHttpQueue)),
      tcp_queue_(registry.gauge(kTcpQueue)),
      silent_(registry.counter(kSilent)),
      http_errors_(registry.counter(kHttpErrors), {}),
      unknown_(flows.transports.families(),
               direction().add("peer", "src").add(loopback_tls_labels())),
      resent_(flows.resent.series(direction())),
      sessions_(flows.sessions.series(direction())),
      session_limit_(flows.session_limit.series(direction())) {
  registry.add(*this);
}

void OutboundStats::set_session_limit(std::size_t limit) {
  session_limit_->set(static_cast<double>(limit));
}

// ---- connections of the workload ----

void OutboundStats::on_open(net::TcpStream& transport) {
  flows_.transports.open(transport, unknown_);
}

void OutboundStats::on_accepted(net::TcpStream& transport, const outbound::Target& target) {
  LabelText labels = direction().add("peer", "src");
  labels.add(target_labels(target.address())).add(loopback_tls_labels());
  flows_.transports.assign(transport, flows_.transports.series(labels));
}

void OutboundStats::on_close(net::TcpStream& transport, const Error& error) {
  flows_.transports.close(transport, error);
}

void OutboundStats::on_protocol(listen::Protocol protocol, const outbound::Target& target) {
  LabelText labels = LabelText().add("protocol", name_of(protocol));
  const policy::OutboundPolicy* policy = target.policy();
  labels.add(parent_labels("parent", policy != nullptr ? policy->meta : policy::Meta()));
  protocols_.series(labels)->add();
}

void OutboundStats::on_failed(forward::Cause cause, const outbound::Target& target) {
  LabelText labels = target_labels(target.address());
  tcp_errors_.series(labels.add("error", forward::reply_for(cause).code))->add();
}

void OutboundStats::on_malformed(const char* reason) {
  flows_.malformed.series(direction().add("reason", reason))->add();
}

// ---- requests ----

std::unique_ptr<forward::RequestSensor> OutboundStats::sensor_of(
    const policy::OutboundPolicy& policy, const policy::Meta& route, const policy::Backend& backend,
    bool is_grpc) {
  LabelText labels = parent_labels("parent", policy.meta);
  labels.add(route_labels("route", route));
  LabelText with_backend = labels;
  with_backend.add(parent_labels("backend", backend.meta));
  return std::make_unique<RouteSeries>(is_grpc ? grpc_routes_ : http_routes_, clock_,
                                       labels.add("hostname", ""), with_backend);
}

void OutboundStats::on_over(const forward::Outcome& outcome) {
  if (outcome.resent) resent_->add();
  if (outcome.cause != forward::Cause::none) http_errors_.count(outcome.cause);
}

std::unique_ptr<outbound::EndpointSensor> OutboundStats::sensor_of(const policy::Endpoint& endpoint,
                                                                   const policy::Backend& backend) {
  return std::make_unique<EndpointSeries>(flows_, silent_, endpoint_labels(endpoint, backend));
}

// ---- what is looked at when asked ----

void OutboundStats::collect() {
  for (auto& gauge : balancer_gauges_) gauge->set(0);  // balancers may be gone, or share a series
  balancer_gauges_.clear();
  if (outbound_ == nullptr) return sessions_->set(0);
  sessions_->set(static_cast<double>(outbound_->sessions()));
  const auto add = [this](metrics::Family<metrics::Gauge>& family, const LabelText& labels,
                          std::size_t number) {
    balancer_gauges_.push_back(family.series(labels));
    balancer_gauges_.back()->add(static_cast<double>(number));
  };
  const auto add_balancer = [&](const policy::Backend& backend, const balance::Balancer& balancer,
                                auto& endpoints, auto& queue) {
    if (!std::holds_alternative<policy::Balanced>(backend.target)) return;
    const LabelText labels = parent_labels("backend", backend.meta);
    const std::size_t ready = balancer.ready();
    add(endpoints, LabelText(labels).add("endpoint_state", "ready"), ready);
    add(endpoints, LabelText(labels).add("endpoint_state", "pending"), balancer.size() - ready);
    add(queue, labels, balancer.queue_length());
  };
  outbound_->backends().for_each_http([&](const std::string&, const outbound::HttpBackend& one) {
    add_balancer(one.description(), one.balancer(), http_endpoints_, http_queue_);
  });
  outbound_->backends().for_each_tcp([&](const std::string&, const outbound::TcpBackend& one) {
    add_balancer(one.description(), one.balancer(), tcp_endpoints_, tcp_queue_);
  });
}

}  // namespace mesh::stats
