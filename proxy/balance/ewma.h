#pragma once
// PeakEwma: an endpoint's latency estimate that rises at once and forgets slowly.
//
// A sample above the estimate replaces it; a lower one is blended in with weight
// 1 - exp(-elapsed/decay). Asking for the load decays the estimate towards zero in the same way, so
// an endpoint that was slow and then got no traffic is tried again. The load is estimate x (pending
// + 1): two endpoints of equal latency differ by what they have in flight.

#include "meshkit/base/clock.h"

namespace mesh::balance {

struct EwmaParameters {
  Nanoseconds default_rtt = std::chrono::milliseconds(30);  // before the first sample
  Nanoseconds decay = std::chrono::seconds(10);             // > 0

  friend bool operator==(const EwmaParameters&, const EwmaParameters&) = default;
};

class PeakEwma {
 public:
  // Below this an estimate says more about the scheduler than about the endpoint.
  static constexpr double kFloorNanoseconds = 100'000;

  PeakEwma(const EwmaParameters& parameters, TimePoint now) noexcept;

  void record(Nanoseconds sample, TimePoint now) noexcept;

  // Nanoseconds times requests; comparable between endpoints of equal parameters.
  double load(std::uint32_t pending, TimePoint now) noexcept;

  // For metrics and `mesh why`; does not decay.
  Nanoseconds estimate() const noexcept;

 private:
  void blend(double sample, TimePoint now) noexcept;

  double estimate_;  // nanoseconds
  double decay_;     // nanoseconds
  TimePoint updated_;
  bool is_measured_ = false;
};

}  // namespace mesh::balance
