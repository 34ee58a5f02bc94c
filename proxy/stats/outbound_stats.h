#pragma once
// OutboundStats: what a worker counts of the traffic that leaves.
//
// Implements the sensors of proxy/outbound, which must be gone before it. On the worker's thread.

#include <memory>

#include "meshkit/base/clock.h"
#include "proxy/outbound/outbound.h"
#include "proxy/stats/flow_families.h"

namespace mesh::stats {

// Of routes and their backends, for HTTP or for gRPC.
struct RouteFamilies {
  RouteFamilies(metrics::Registry& registry, bool grpc);

  const bool is_grpc;
  metrics::Family<metrics::Histogram>& durations;
  metrics::Family<metrics::Counter>& statuses;
  metrics::Family<metrics::Counter>& backend_requests;
  metrics::Family<metrics::Histogram>& backend_durations;
  metrics::Family<metrics::Counter>& backend_statuses;
};

class OutboundStats final : public outbound::SessionSensor,
                            public outbound::HttpSensor,
                            public outbound::EndpointSensors,
                            public forward::TransportSensor,
                            private metrics::Collector {
 public:
  // All outlive it.
  OutboundStats(metrics::Registry& registry, FlowFamilies& flows, const Clock& clock);

  // Whose balancers are looked at when a scrape comes; null: none any more.
  void watch(const outbound::Outbound* outbound) noexcept { outbound_ = outbound; }
  void set_session_limit(std::size_t limit);

  outbound::OutboundSensors sensors() {
    return {.sessions = this, .http = this, .accepted = this, .endpoints = this};
  }

 private:
  void on_accepted(net::TcpStream& transport, const outbound::Target& target) override;
  void on_protocol(listen::Protocol protocol, const outbound::Target& target) override;
  void on_failed(forward::Cause cause, const outbound::Target& target) override;
  void on_malformed(const char* reason) override;

  std::unique_ptr<forward::RequestSensor> sensor_of(const policy::OutboundPolicy& policy,
                                                    const policy::Meta& route,
                                                    const policy::Backend& backend,
                                                    bool is_grpc) override;
  void on_over(const forward::Outcome& outcome) override;

  std::unique_ptr<outbound::EndpointSensor> sensor_of(const policy::Endpoint& endpoint,
                                                      const policy::Backend& backend) override;

  void on_open(net::TcpStream& transport) override;
  void on_close(net::TcpStream& transport, const Error& error) override;

  void collect() override;

  FlowFamilies& flows_;
  const Clock& clock_;
  const outbound::Outbound* outbound_ = nullptr;
  RouteFamilies http_routes_;
  RouteFamilies grpc_routes_;
  metrics::Family<metrics::Counter>& tcp_errors_;
  metrics::Family<metrics::Counter>& protocols_;
  metrics::Family<metrics::Gauge>& http_endpoints_;
  metrics::Family<metrics::Gauge>& tcp_endpoints_;
  metrics::Family<metrics::Gauge>& http_queue_;
  metrics::Family<metrics::Gauge>& tcp_queue_;
  metrics::Family<metrics::Counter>& silent_;
  CauseSeries http_errors_;
  TransportSeries unknown_;
  metrics::Held<metrics::Counter> resent_;
  metrics::Held<metrics::Gauge> sessions_;
  metrics::Held<metrics::Gauge> session_limit_;
  std::vector<metrics::Held<metrics::Gauge>> balancer_gauges_;
};

}  // namespace mesh::stats
