#include "meshkit/async/backoff.h"

#include <algorithm>

namespace mesh {

Milliseconds Backoff::next(Random& random) noexcept {
  Milliseconds base = std::min(policy_.min, policy_.max);
  for (std::uint32_t i = 0; i < attempts_ && base < policy_.max; ++i)
    base = std::min(base * 2, policy_.max);
  ++attempts_;
  const double extra = static_cast<double>(base.count()) * policy_.jitter * random.unit();
  return std::min(base + Milliseconds(static_cast<Milliseconds::rep>(extra)), policy_.max);
}

}  // namespace mesh
