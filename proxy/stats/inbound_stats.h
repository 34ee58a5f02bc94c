#pragma once
// InboundStats: what a worker counts of the traffic that comes in, and its access log.
//
// Implements the sensors of proxy/inbound, which must be gone before it. On the worker's thread.

#include <memory>

#include "meshkit/base/clock.h"
#include "proxy/inbound/inbound.h"
#include "proxy/stats/flow_families.h"

namespace mesh::stats {

enum class AccessLogForm : std::uint8_t { off, apache, json };

// Of requests that were let in, for HTTP or for gRPC.
struct InboundRouteFamilies {
  InboundRouteFamilies(metrics::Registry& registry, bool grpc);

  const bool is_grpc;
  metrics::Family<metrics::Counter>& requests;
  metrics::Family<metrics::Histogram>& durations;
  metrics::Family<metrics::Counter>& statuses;
};

class InboundStats final : public inbound::SessionSensor,
                           public inbound::HttpSensor,
                           private metrics::Collector {
 public:
  // All outlive it.
  InboundStats(metrics::Registry& registry, FlowFamilies& flows, const Clock& clock,
               AccessLogForm access_log);

  // Whose sessions are counted when a scrape comes; null: none any more.
  void watch(const inbound::Inbound* inbound) noexcept { inbound_ = inbound; }
  void set_session_limit(std::size_t limit);

  inbound::InboundSensors sensors() {
    return {.sessions = this, .http = this, .accepted = &accepted_, .connected = &connected_};
  }

 private:
  class Accepted final : public forward::TransportSensor {
   public:
    explicit Accepted(InboundStats& stats) : stats_(stats) {}
    void on_open(net::TcpStream& transport) override;
    void on_close(net::TcpStream& transport, const Error& error) override;

   private:
    InboundStats& stats_;
  };
  // To the application.
  class Connected final : public forward::TransportSensor {
   public:
    explicit Connected(InboundStats& stats) : stats_(stats) {}
    void on_open(net::TcpStream& transport) override;
    void on_close(net::TcpStream& transport, const Error& error) override;

   private:
    InboundStats& stats_;
  };

  void on_known(net::TcpStream& transport, const inbound::Port& port, const inbound::Peer& peer,
                const net::SocketAddress& target) override;
  void on_protocol(listen::Protocol protocol, const inbound::Port& port,
                   const inbound::Peer& peer) override;
  void on_connection_judged(const inbound::Port& port, const inbound::Peer& peer,
                            const net::SocketAddress& target, const policy::Verdict& verdict,
                            bool terminated) override;
  void on_transport_header(const policy::TransportHeader& header,
                           const inbound::Peer& peer) override;
  void on_failed(forward::Cause cause, const net::SocketAddress& target) override;
  void on_malformed(const char* reason) override;

  std::unique_ptr<forward::RequestSensor> sensor_of(const Way& way, const policy::Meta& route,
                                                    const policy::Verdict& verdict,
                                                    bool is_grpc) override;
  void on_refused(const Way& way, const policy::Meta* route,
                  const policy::Verdict& verdict) override;
  void on_over(const forward::Outcome& outcome, const http::Head& request, const Way& way) override;

  void collect() override;
  void log_access(const forward::Outcome& outcome, const http::Head& request,
                  const inbound::Peer& peer) const;

  FlowFamilies& flows_;
  const Clock& clock_;
  const AccessLogForm access_log_;
  const inbound::Inbound* inbound_ = nullptr;
  InboundRouteFamilies http_routes_;
  InboundRouteFamilies grpc_routes_;
  metrics::Family<metrics::Counter>& http_allowed_;
  metrics::Family<metrics::Counter>& http_denied_;
  metrics::Family<metrics::Counter>& http_not_found_;
  metrics::Family<metrics::Counter>& tcp_allowed_;
  metrics::Family<metrics::Counter>& tcp_denied_;
  metrics::Family<metrics::Counter>& tcp_terminated_;
  metrics::Family<metrics::Counter>& http_errors_;
  metrics::Family<metrics::Counter>& tcp_errors_;
  metrics::Family<metrics::Counter>& transport_headers_;
  metrics::Family<metrics::Counter>& detected_;
  TransportSeries unknown_;
  metrics::Held<metrics::Counter> resent_;
  metrics::Held<metrics::Gauge> sessions_;
  metrics::Held<metrics::Gauge> session_limit_;
  Accepted accepted_{*this};
  Connected connected_{*this};
};

}  // namespace mesh::stats
