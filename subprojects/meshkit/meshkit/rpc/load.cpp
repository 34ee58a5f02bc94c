#include "meshkit/rpc/load.h"

#include <cmath>

namespace mesh::rpc {

void Load::on_answer(Nanoseconds latency, TimePoint now) noexcept {
  const auto sample = static_cast<double>(latency.count());
  if (sample >= latency_) {
    latency_ = sample;
  } else {
    const std::chrono::duration<double> elapsed = now - measured_;
    const std::chrono::duration<double> decay = kDecay;
    const double keep = std::exp(-elapsed.count() / decay.count());
    latency_ = latency_ * keep + sample * (1 - keep);
  }
  measured_ = now;
}

}  // namespace mesh::rpc
