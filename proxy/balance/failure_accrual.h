#pragma once
// FailureAccrual: a circuit breaker for one endpoint, fed with classified HTTP and gRPC responses.
//
//   closed ──(too many consecutive failures, or success rate too low)──▶ open
//   open ──(back-off over)──▶ half open: one probe is admitted
//   half open ──success──▶ closed, ──failure──▶ open with a longer back-off
//
// Semantics are those of outbound.FailureAccrual (control API section 10): the consecutive limit
// counts failures in a row; the unified breaker trips on that or on the exact success ratio over
// ten buckets that span `decay`, once `min_requests` were seen. Being throttled (429,
// RESOURCE_EXHAUSTED) lowers the ratio and fails a probe, but is no consecutive failure. Pure.

#include <array>
#include <cstdint>

#include "meshkit/base/clock.h"
#include "meshkit/base/random.h"
#include "proxy/balance/availability.h"

namespace mesh::balance {

enum class ResponseClass : std::uint8_t { success, failure, throttled };

struct FailureAccrualConfig {
  std::uint32_t max_consecutive_failures = 0;  // 0: never trips on a run of failures
  double success_rate_threshold = 0;           // 0: the ratio is not looked at
  Nanoseconds decay = std::chrono::seconds(10);
  std::uint32_t min_requests = 0;
  BackoffRange backoff;

  bool is_enabled() const noexcept {
    return max_consecutive_failures != 0 || success_rate_threshold > 0;
  }
  friend bool operator==(const FailureAccrualConfig&, const FailureAccrualConfig&) = default;
};

// For endpoints without a breaker.
inline constexpr FailureAccrualConfig kNoFailureAccrual{};

class FailureAccrual {
 public:
  enum class State : std::uint8_t { closed, open, half_open };

  // `config` must outlive the breaker; one whose is_enabled() is false never opens.
  FailureAccrual(const FailureAccrualConfig& config, TimePoint now) noexcept;

  // Returns true when this response opened or closed the breaker.
  bool record(ResponseClass response, TimePoint now, Random& random) noexcept;

  State state() const noexcept { return state_; }
  TimePoint retry_at() const noexcept { return retry_at_; }
  // True for the one caller that may send the probe now.
  bool admit_probe(TimePoint now) noexcept;
  // The probe ended unclassified: another one may go.
  void probe_abandoned(TimePoint now) noexcept;

 private:
  static constexpr int kBuckets = 10;
  struct Bucket {
    std::int64_t slot = -1;
    std::uint32_t successes = 0;
    std::uint32_t total = 0;
  };

  bool success_rate_too_low(TimePoint now) const noexcept;
  void count(bool success, TimePoint now) noexcept;
  std::int64_t slot_of(TimePoint now) const noexcept;
  void open(TimePoint now, Random& random) noexcept;
  void close() noexcept;

  const FailureAccrualConfig* config_;
  State state_ = State::closed;
  std::uint8_t trips_ = 0;
  std::uint32_t consecutive_ = 0;
  TimePoint retry_at_{};
  std::array<Bucket, kBuckets> buckets_{};
};

}  // namespace mesh::balance
