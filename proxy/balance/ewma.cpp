#include "proxy/balance/ewma.h"

#include <algorithm>
#include <cmath>

namespace mesh::balance {

PeakEwma::PeakEwma(const EwmaParameters& parameters, TimePoint now) noexcept
    : estimate_(static_cast<double>(parameters.default_rtt.count())),
      decay_(static_cast<double>(std::max<Nanoseconds::rep>(parameters.decay.count(), 1))),
      updated_(now) {}

void PeakEwma::blend(double sample, TimePoint now) noexcept {
  const auto elapsed = static_cast<double>(std::max<Nanoseconds::rep>(
      std::chrono::duration_cast<Nanoseconds>(now - updated_).count(), 0));
  updated_ = std::max(updated_, now);
  const double keep = std::exp(-elapsed / decay_);
  estimate_ = std::max(kFloorNanoseconds, estimate_ * keep + sample * (1.0 - keep));
}

void PeakEwma::record(Nanoseconds sample, TimePoint now) noexcept {
  const auto value = static_cast<double>(sample.count());
  if (value > estimate_ || !is_measured_) {
    is_measured_ = true;
    estimate_ = std::max(kFloorNanoseconds, value);
    updated_ = std::max(updated_, now);
    return;
  }
  blend(value, now);
}

double PeakEwma::load(std::uint32_t pending, TimePoint now) noexcept {
  if (!is_measured_) return pending == 0 ? 0 : estimate_ * (static_cast<double>(pending) + 1.0);
  blend(0, now);
  return estimate_ * (static_cast<double>(pending) + 1.0);
}

Nanoseconds PeakEwma::estimate() const noexcept {
  return Nanoseconds(static_cast<Nanoseconds::rep>(estimate_));
}

}  // namespace mesh::balance
