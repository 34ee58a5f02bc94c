#pragma once
// ProcessStats: the metrics of the process and of what its control thread knows. On that thread.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "meshkit/base/clock.h"
#include "meshkit/metrics/registry.h"

namespace mesh::stats {

// What the control thread knows when it is asked.
struct ControlFacts {
  std::optional<WallTime> certificate_expires;
  std::optional<WallTime> certificate_refreshed;
  std::uint64_t refreshes = 0;
  std::uint64_t refresh_failures = 0;
  // What was learnt from a service, and since when nothing was heard from it.
  struct Service {
    std::string name;  // "destination", "policy"
    std::uint64_t watches = 0;
    bool is_connected = false;
    std::optional<Nanoseconds> age;  // of the oldest answer in use that is not being followed
  };
  std::vector<Service> services;
};

class ControlFactsSource {
 public:
  virtual ControlFacts control_facts() const = 0;

 protected:
  ~ControlFactsSource() = default;
};

// What the kernel tells of a process; from text, for tests.
struct ProcessUsage {
  double cpu_seconds = 0;
  double virtual_bytes = 0;
  double resident_bytes = 0;
  double threads = 0;
};
// `stat` is /proc/self/stat.
std::optional<ProcessUsage> usage_from(std::string_view stat, double ticks_per_second,
                                       double page_bytes);
struct NetworkUsage {
  double received = 0;
  double transmitted = 0;
};
// `dev` is /proc/self/net/dev; loopback is left out.
NetworkUsage network_from(std::string_view dev);

struct BuildInfo {
  std::string version;
  std::string vendor;
  std::string date;
  std::string git_sha;
  std::string profile;
};

class ProcessStats final : private metrics::Collector {
 public:
  // References outlive it.
  ProcessStats(metrics::Registry& registry, const Clock& clock, const ControlFactsSource& facts,
               const BuildInfo& build, unsigned workers);
  ProcessStats(const ProcessStats&) = delete;

 private:
  void collect() override;
  void collect_process();
  void collect_control();

  const Clock& clock_;
  const ControlFactsSource& facts_;
  const TimePoint started_;
  metrics::Held<metrics::Gauge> start_time_, clock_time_, uptime_, cpu_, virtual_, resident_;
  metrics::Held<metrics::Gauge> open_fds_, max_fds_, threads_, received_, transmitted_;
  metrics::Held<metrics::Gauge> build_info_, workers_;
  metrics::Family<metrics::Gauge>& expires_;
  metrics::Family<metrics::Gauge>& refreshed_;
  metrics::Family<metrics::Gauge>& refreshes_;
  metrics::Family<metrics::Gauge>& watches_;
  metrics::Family<metrics::Gauge>& connected_;
  metrics::Family<metrics::Gauge>& age_;
};

}  // namespace mesh::stats
