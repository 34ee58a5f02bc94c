#include "proxy/balance/failure_accrual.h"

#include <algorithm>

namespace mesh::balance {

FailureAccrual::FailureAccrual(const FailureAccrualConfig& config, TimePoint) noexcept
    : config_(&config) {}

std::int64_t FailureAccrual::slot_of(TimePoint now) const noexcept {
  const auto width = std::max<Nanoseconds::rep>(config_->decay.count() / kBuckets, 1);
  return std::chrono::duration_cast<Nanoseconds>(now.time_since_epoch()).count() / width;
}

void FailureAccrual::count(bool success, TimePoint now) noexcept {
  const std::int64_t slot = slot_of(now);
  Bucket& bucket = buckets_[static_cast<std::size_t>(slot % kBuckets)];
  if (bucket.slot != slot) bucket = Bucket{slot, 0, 0};
  ++bucket.total;
  if (success) ++bucket.successes;
}

bool FailureAccrual::success_rate_too_low(TimePoint now) const noexcept {
  if (config_->success_rate_threshold <= 0) return false;
  const std::int64_t oldest = slot_of(now) - kBuckets + 1;
  std::uint64_t successes = 0;
  std::uint64_t total = 0;
  for (const Bucket& bucket : buckets_) {
    if (bucket.slot < oldest) continue;
    successes += bucket.successes;
    total += bucket.total;
  }
  if (total == 0 || total < config_->min_requests) return false;
  return static_cast<double>(successes) <
         config_->success_rate_threshold * static_cast<double>(total);
}

bool FailureAccrual::record(ResponseClass response, TimePoint now, Random& random) noexcept {
  const bool success = response == ResponseClass::success;
  if (state_ == State::half_open) {
    success ? close() : open(now, random);
    return true;
  }
  if (state_ == State::open || !config_->is_enabled()) return false;

  count(success, now);
  if (success) {
    consecutive_ = 0;
    return false;
  }
  if (response == ResponseClass::failure) ++consecutive_;
  const bool run_too_long =
      config_->max_consecutive_failures != 0 && consecutive_ >= config_->max_consecutive_failures;
  if (!run_too_long && !success_rate_too_low(now)) return false;
  open(now, random);
  return true;
}

bool FailureAccrual::admit_probe(TimePoint now) noexcept {
  if (state_ != State::open || now < retry_at_) return false;
  state_ = State::half_open;
  return true;
}

void FailureAccrual::probe_abandoned(TimePoint now) noexcept {
  if (state_ != State::half_open) return;
  state_ = State::open;
  retry_at_ = now;
}

void FailureAccrual::open(TimePoint now, Random& random) noexcept {
  retry_at_ = now + backoff_delay(config_->backoff, trips_, random);
  trips_ = static_cast<std::uint8_t>(std::min(trips_ + 1, 255));
  state_ = State::open;
}

void FailureAccrual::close() noexcept {
  state_ = State::closed;
  trips_ = 0;
  consecutive_ = 0;
  buckets_ = {};
}

}  // namespace mesh::balance
