#include "proxy/balance/availability.h"

#include <algorithm>
#include <cmath>

namespace mesh::balance {

Nanoseconds backoff_delay(const BackoffRange& range, std::uint32_t failures,
                          Random& random) noexcept {
  const double factor = std::ldexp(1.0, static_cast<int>(std::min<std::uint32_t>(failures, 60)));
  const double most = static_cast<double>(range.max.count());
  const double base = std::min(static_cast<double>(range.min.count()) * factor, most);
  const double delay = std::min(base * (1.0 + range.jitter * random.unit()), most);
  return Nanoseconds(static_cast<Nanoseconds::rep>(delay));
}

bool Availability::admit_probe(TimePoint now) noexcept {
  if (state_ != State::backing_off || now < retry_at_) return false;
  state_ = State::probing;
  return true;
}

void Availability::failed(TimePoint now, Random& random) noexcept {
  // Requests that were in flight when the endpoint failed report it again; one failure is one step.
  if (state_ == State::backing_off) return;
  retry_at_ = now + backoff_delay(range_, failures_, random);
  failures_ = static_cast<std::uint8_t>(std::min(failures_ + 1, 255));
  state_ = State::backing_off;
}

void Availability::succeeded() noexcept {
  // A late answer of an older request does not end a back-off that began after it was sent.
  if (state_ == State::backing_off) return;
  state_ = State::ready;
  failures_ = 0;
}

void Availability::probe_abandoned(TimePoint now) noexcept {
  if (state_ != State::probing) return;
  state_ = State::backing_off;
  retry_at_ = now;
}

}  // namespace mesh::balance
