#pragma once
// WorkerStats: everything that one worker counts. Made before the worker and gone after it; apart
// from the constructor used on the worker's thread only.

#include "meshkit/base/clock.h"
#include "meshkit/metrics/registry.h"
#include "proxy/stats/inbound_stats.h"
#include "proxy/stats/outbound_stats.h"

namespace mesh::stats {

class WorkerStats {
 public:
  struct Settings {
    metrics::RegistrySettings registry;
    AccessLogForm access_log = AccessLogForm::off;
    std::size_t inbound_connections = 0;  // limits, to show beside their use
    std::size_t outbound_connections = 0;
  };

  explicit WorkerStats(const Settings& settings)
      : registry_(settings.registry),
        flows_(registry_),
        outbound_(registry_, flows_, clock_),
        inbound_(registry_, flows_, clock_, settings.access_log) {
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

  // For a scrape: a copy of all numbers.
  std::vector<metrics::FamilyValues> values() { return registry_.values(clock_.now()); }

 private:
  SystemClock clock_;
  metrics::Registry registry_;
  FlowFamilies flows_;
  OutboundStats outbound_;
  InboundStats inbound_;
};

}  // namespace mesh::stats
