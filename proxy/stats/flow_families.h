#pragma once
// FlowFamilies: the metrics that both directions of a worker count in.

#include <array>
#include <string_view>

#include "meshkit/metrics/registry.h"
#include "proxy/forward/reply_for.h"
#include "proxy/stats/http_series.h"
#include "proxy/stats/transports.h"

namespace mesh::stats {

struct FlowFamilies {
  explicit FlowFamilies(metrics::Registry& registry);

  HttpFamilies http;
  Transports transports;
  metrics::Family<metrics::Counter>& malformed;    // direction, reason
  metrics::Family<metrics::Counter>& resent;       // direction
  metrics::Family<metrics::Gauge>& sessions;       // direction
  metrics::Family<metrics::Gauge>& session_limit;  // direction
};

// One counter for each cause, with labels after `error`, found when it first comes.
class CauseSeries {
 public:
  CauseSeries(metrics::Family<metrics::Counter>& family, metrics::LabelText labels)
      : family_(family), labels_(std::move(labels)) {}

  void count(forward::Cause cause);

 private:
  metrics::Family<metrics::Counter>& family_;
  const metrics::LabelText labels_;
  std::array<metrics::Held<metrics::Counter>, forward::kCauses> held_;
};

}  // namespace mesh::stats
