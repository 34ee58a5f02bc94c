#pragma once
// WorkerStats: everything that one worker counts. Made before the flows and gone after them; on the
// worker's thread, the constructor apart.

#include "meshkit/base/clock.h"
#include "meshkit/metrics/registry.h"
#include "proxy/stats/inbound_stats.h"
#include "proxy/stats/outbound_stats.h"

namespace mesh::stats {

class WorkerStats {
 public:
  struct Settings {
    AccessLogForm access_log = AccessLogForm::off;
    std::size_t inbound_connections = 0;  // limits, to show beside their use
    std::size_t outbound_connections = 0;
  };

  // `registry` and `clock` outlive it.
  WorkerStats(metrics::Registry& registry, const Clock& clock, const Settings& settings)
      : flows_(registry),
        outbound_(registry, flows_, clock),
        inbound_(registry, flows_, clock, settings.access_log) {
    outbound_.set_session_limit(settings.outbound_connections);
    inbound_.set_session_limit(settings.inbound_connections);
  }
  WorkerStats(const WorkerStats&) = delete;

  outbound::OutboundSensors outbound_sensors() { return outbound_.sensors(); }
  inbound::InboundSensors inbound_sensors() { return inbound_.sensors(); }

  // What is looked at when a scrape comes. Null once it is gone.
  void watch(const outbound::Outbound* outbound, const inbound::Inbound* inbound) noexcept {
    outbound_.watch(outbound);
    inbound_.watch(inbound);
  }

 private:
  FlowFamilies flows_;
  OutboundStats outbound_;
  InboundStats inbound_;
};

}  // namespace mesh::stats
