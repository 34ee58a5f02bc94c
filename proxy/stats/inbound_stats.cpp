#include "proxy/stats/inbound_stats.h"

#include <array>

#include "proxy/stats/access_log.h"
#include "proxy/stats/labels.h"
#include "proxy/stats/status_series.h"

namespace mesh::stats {
namespace {

using inbound::Peer;
using inbound::Port;
using metrics::Description;
using metrics::Held;

constexpr std::array<double, 7> kSeconds = {0.025, 0.05, 0.1, 0.25, 0.5, 1, 10};

struct RouteDescriptions {
  Description requests, durations, statuses;
};
const RouteDescriptions kHttpRoutes = {
    {"inbound_http_requests_total", "Requests that were let in."},
    {"inbound_http_request_duration_seconds", "From a request to the end of its response.",
     kSeconds},
    {"inbound_http_statuses_total", "Requests by how they ended."}};
const RouteDescriptions kGrpcRoutes = {
    {"inbound_grpc_requests_total", "Calls that were let in."},
    {"inbound_grpc_request_duration_seconds", "From a call to its status.", kSeconds},
    {"inbound_grpc_statuses_total", "Calls by how they ended."}};

const Description kHttpAllowed = {"inbound_http_authz_allow_total", "Requests that were allowed."};
const Description kHttpDenied = {"inbound_http_authz_deny_total", "Requests that were refused."};
const Description kNotFound = {"inbound_http_route_not_found_total",
                               "Requests that no route was for."};
const Description kTcpAllowed = {"inbound_tcp_authz_allow_total", "Connections that were allowed."};
const Description kTcpDenied = {"inbound_tcp_authz_deny_total", "Connections that were refused."};
const Description kTerminated = {"inbound_tcp_authz_terminate_total",
                                 "Connections that a change of policy ended."};
const Description kHttpErrors = {"inbound_http_errors_total", "Requests that the mesh failed."};
const Description kTcpErrors = {"inbound_tcp_errors_total", "Connections that the mesh failed."};
const Description kHeaders = {"inbound_tcp_transport_header_connections_total",
                              "Connections that came with a transport header."};
const Description kDetected = {"inbound_tcp_detect_http_results_total",
                               "Connections by what was detected on them."};

LabelText direction() { return LabelText().add("direction", "inbound"); }

// The meta of the port's server; nothing while it is not known.
const policy::Meta& server_of(const Port& port) {
  static const policy::Meta kNone;
  return port.policy() != nullptr ? port.policy()->meta : kNone;
}

LabelText port_labels(const Port& port) { return server_labels(server_of(port), port.number()); }

LabelText authorization_labels(const policy::Verdict& verdict) {
  static const policy::Meta kNone;
  return short_labels("authz", verdict.by != nullptr ? verdict.by->meta : kNone);
}

class RequestSeries final : public forward::RequestSensor {
 public:
  RequestSeries(HttpFamilies& http, InboundRouteFamilies& routes, const Clock& clock,
                const LabelText& all, const LabelText& route, Held<metrics::Counter> allowed)
      : clock_(clock),
        http_(http, all),
        allowed_(std::move(allowed)),
        requests_(routes.requests.series(route)),
        durations_(routes.durations.series(route)),
        statuses_(routes.statuses, route,
                  {.names_kind = false, .has_error = false, .is_grpc = routes.is_grpc}) {}

  void on_request() override {
    http_.on_request();
    allowed_->add();
    requests_->add();
  }

  void on_over(const forward::Outcome& outcome) override {
    const bool began = outcome.response_began != TimePoint{};
    http_.on_response(outcome, began ? outcome.response_began - outcome.began : Nanoseconds(0));
    durations_->observe(std::chrono::duration<double>(clock_.now() - outcome.began).count());
    statuses_.count(outcome);
  }

 private:
  const Clock& clock_;
  HttpSeries http_;
  Held<metrics::Counter> allowed_;
  Held<metrics::Counter> requests_;
  Held<metrics::Histogram> durations_;
  StatusSeries statuses_;
};

std::string_view name_of(listen::Protocol protocol) {
  switch (protocol) {
    case listen::Protocol::http1: return "http/1";
    case listen::Protocol::http2: return "http/2";
    default: return "not_http";
  }
}

std::string_view name_of(policy::SessionProtocol protocol) {
  switch (protocol) {
    case policy::SessionProtocol::http1: return "http/1";
    case policy::SessionProtocol::http2: return "http/2";
    case policy::SessionProtocol::opaque: break;
  }
  return "";
}

std::string_view name_of(http::Version version) {
  switch (version) {
    case http::Version::http10: return "HTTP/1.0";
    case http::Version::http11: return "HTTP/1.1";
    case http::Version::http2: break;
  }
  return "HTTP/2.0";
}

std::string_view trace_of(const http::Head& request) {
  for (const std::string_view name : {"x-b3-traceid", "x-request-id", "x-amzn-trace-id"}) {
    if (const auto value = request.find(name)) return *value;
  }
  return {};
}

}  // namespace

InboundRouteFamilies::InboundRouteFamilies(metrics::Registry& registry, bool grpc)
    : is_grpc(grpc),
      requests(registry.counter((grpc ? kGrpcRoutes : kHttpRoutes).requests)),
      durations(registry.histogram((grpc ? kGrpcRoutes : kHttpRoutes).durations)),
      statuses(registry.counter((grpc ? kGrpcRoutes : kHttpRoutes).statuses)) {}

InboundStats::InboundStats(metrics::Registry& registry, FlowFamilies& flows, const Clock& clock,
                           AccessLogForm access_log)
    : flows_(flows),
      clock_(clock),
      access_log_(access_log),
      http_routes_(registry, false),
      grpc_routes_(registry, true),
      http_allowed_(registry.counter(kHttpAllowed)),
      http_denied_(registry.counter(kHttpDenied)),
      http_not_found_(registry.counter(kNotFound)),
      tcp_allowed_(registry.counter(kTcpAllowed)),
      tcp_denied_(registry.counter(kTcpDenied)),
      tcp_terminated_(registry.counter(kTerminated)),
      http_errors_(registry.counter(kHttpErrors)),
      tcp_errors_(registry.counter(kTcpErrors)),
      transport_headers_(registry.counter(kHeaders)),
      detected_(registry.counter(kDetected)),
      unknown_(flows.transports.families(), direction().add("peer", "src")),
      resent_(flows.resent.series(direction())),
      sessions_(flows.sessions.series(direction())),
      session_limit_(flows.session_limit.series(direction())) {
  registry.add(*this);
}

void InboundStats::set_session_limit(std::size_t limit) {
  session_limit_->set(static_cast<double>(limit));
}

void InboundStats::collect() {
  sessions_->set(inbound_ == nullptr ? 0 : static_cast<double>(inbound_->sessions()));
}

// ---- connections ----

void InboundStats::Accepted::on_open(net::TcpStream& transport) {
  stats_.flows_.transports.open(transport, stats_.unknown_);
}

void InboundStats::Accepted::on_close(net::TcpStream& transport, const Error& error) {
  stats_.flows_.transports.close(transport, error);
}

void InboundStats::Connected::on_open(net::TcpStream& transport) {
  LabelText labels = direction().add("peer", "dst");
  labels.add(target_labels(transport.peer())).add(loopback_tls_labels());
  Transports& transports = stats_.flows_.transports;
  TransportSeries& series = transports.series(labels);
  transports.open(transport, series);
  transports.assign(transport, series);
}

void InboundStats::Connected::on_close(net::TcpStream& transport, const Error& error) {
  stats_.flows_.transports.close(transport, error);
}

void InboundStats::on_known(net::TcpStream& transport, const Port& port, const Peer& peer,
                            const net::SocketAddress& target) {
  LabelText labels = direction().add("peer", "src");
  labels.add(target_labels(target)).add(client_tls_labels(peer)).add(port_labels(port));
  flows_.transports.assign(transport, flows_.transports.series(labels));
}

void InboundStats::on_protocol(listen::Protocol protocol, const Port& port, const Peer&) {
  detected_.series(port_labels(port).add("result", name_of(protocol)))->add();
}

void InboundStats::on_connection_judged(const Port& port, const Peer& peer,
                                        const net::SocketAddress& target,
                                        const policy::Verdict& verdict, bool terminated) {
  LabelText labels = target_labels(target).add(port_labels(port));
  if (verdict.is_allowed()) labels.add(authorization_labels(verdict));
  labels.add(client_tls_labels(peer));
  auto& family = verdict.is_allowed() ? tcp_allowed_ : terminated ? tcp_terminated_ : tcp_denied_;
  family.series(labels)->add();
}

void InboundStats::on_transport_header(const policy::TransportHeader& header, const Peer& peer) {
  // Names behind a gateway are the client's to choose, and this proxy is none.
  LabelText labels = LabelText().add("session_protocol", name_of(header.protocol));
  labels.add("target_port", std::uint64_t{header.port}).add("target_name", "");
  transport_headers_.series(labels.add("client_id", peer.identity))->add();
}

void InboundStats::on_failed(forward::Cause cause, const net::SocketAddress& target) {
  LabelText labels = LabelText().add("error", forward::reply_for(cause).code);
  tcp_errors_.series(labels.add(target_labels(target)))->add();
}

void InboundStats::on_malformed(const char* reason) {
  flows_.malformed.series(direction().add("reason", reason))->add();
}

// ---- requests ----

std::unique_ptr<forward::RequestSensor> InboundStats::sensor_of(const Way& way,
                                                                const policy::Meta& route,
                                                                const policy::Verdict& verdict,
                                                                bool is_grpc) {
  const LabelText target = target_labels(way.target);
  const LabelText tls = client_tls_labels(way.peer);
  LabelText policy = port_labels(way.port);
  policy.add(short_labels("route", route)).add(authorization_labels(verdict));
  LabelText all = direction().add(target).add(tls).add(policy);
  LabelText allowed = LabelText(target).add(policy).add(tls);
  LabelText labels = short_labels("parent", server_of(way.port));
  labels.add(short_labels("route", route));
  return std::make_unique<RequestSeries>(flows_.http, is_grpc ? grpc_routes_ : http_routes_, clock_,
                                         all, labels, http_allowed_.series(allowed));
}

void InboundStats::on_refused(const Way& way, const policy::Meta* route, const policy::Verdict&) {
  LabelText labels = target_labels(way.target).add(port_labels(way.port));
  if (route != nullptr) labels.add(short_labels("route", *route));
  labels.add(client_tls_labels(way.peer));
  (route != nullptr ? http_denied_ : http_not_found_).series(labels)->add();
}

void InboundStats::on_over(const forward::Outcome& outcome, const http::Head& request,
                           const Way& way) {
  if (outcome.resent) resent_->add();
  if (outcome.cause != forward::Cause::none) {
    LabelText labels = LabelText().add("error", forward::reply_for(outcome.cause).code);
    labels.add(target_labels(way.target)).add(port_labels(way.port));
    http_errors_.series(labels)->add();
  }
  if (access_log_ != AccessLogForm::off) log_access(outcome, request, way.peer);
}

void InboundStats::log_access(const forward::Outcome& outcome, const http::Head& request,
                              const Peer& peer) const {
  const TimePoint now = clock_.now();
  const auto address = peer.address.text();
  AccessRecord record;
  record.client_address = address.view();
  record.client_id = peer.identity;
  record.when = clock_.wall_now();
  record.method = request.method();
  record.uri = request.path();
  record.version = name_of(request.version);
  record.trace_id = trace_of(request);
  record.user_agent = request.find(http::Token::kUserAgent).value_or("");
  record.host = request.find(http::Token::kHost).value_or(request.authority());
  record.status = outcome.status;
  record.request_bytes = outcome.request_bytes;
  record.response_bytes = outcome.response_bytes;
  record.total = now - outcome.began;
  const bool began = outcome.response_began != TimePoint{};
  record.processing = (began ? outcome.response_began : now) - outcome.began;
  write_line(access_log_ == AccessLogForm::json ? json_line(record) : apache_line(record));
}

}  // namespace mesh::stats
