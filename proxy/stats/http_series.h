#pragma once
// HttpSeries: request_total, response_total and response_latency_ms for one set of labels: an
// outbound endpoint, or an inbound client on a route.
//
// Series of a status are found when it first comes and then held; statuses come from applications,
// so only kStatuses of them are held and the others looked up each time.

#include <cstdint>
#include <string>
#include <vector>

#include "meshkit/metrics/registry.h"
#include "proxy/forward/outcome.h"

namespace mesh::stats {

struct HttpFamilies {
  explicit HttpFamilies(metrics::Registry& registry);

  metrics::Family<metrics::Counter>& requests;
  metrics::Family<metrics::Counter>& responses;
  metrics::Family<metrics::Histogram>& latency;
};

class HttpSeries {
 public:
  static constexpr std::size_t kStatuses = 16;

  // `families` outlives it.
  HttpSeries(HttpFamilies& families, metrics::LabelText labels);

  void on_request() noexcept { requests_->add(); }
  // `latency` zero: no response began.
  void on_response(const forward::Outcome& outcome, Nanoseconds latency);

 private:
  struct Ending {
    std::uint64_t key;
    metrics::Held<metrics::Counter> responses;
    metrics::Held<metrics::Histogram> latency;
  };
  Ending ending(const forward::Outcome& outcome, std::uint64_t key) const;

  HttpFamilies& families_;
  const metrics::LabelText labels_;
  metrics::Held<metrics::Counter> requests_;
  std::vector<Ending> endings_;
};

}  // namespace mesh::stats
