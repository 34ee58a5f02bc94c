#pragma once
// Backoff: how long to wait before trying again: exponential, capped, with jitter. Pure.

#include <cstdint>

#include "meshkit/base/clock.h"
#include "meshkit/base/random.h"

namespace mesh {

struct BackoffPolicy {
  Milliseconds min{100};
  Milliseconds max{10'000};  // >= min
  double jitter = 0.1;       // share of the base delay, 0 or more
};

class Backoff {
 public:
  explicit Backoff(const BackoffPolicy& policy) noexcept : policy_(policy) {}

  // The n-th call since the last reset (from 0) gives base = min * 2^n, at most max, plus a uniform
  // share of jitter * base; the sum is at most max again.
  Milliseconds next(Random& random) noexcept;
  void reset() noexcept { attempts_ = 0; }
  std::uint32_t attempts() const noexcept { return attempts_; }

 private:
  BackoffPolicy policy_;
  std::uint32_t attempts_ = 0;
};

}  // namespace mesh
