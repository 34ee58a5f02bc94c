#pragma once
// RetryBudget: how many requests may be sent a second time, as a share of those sent once.
//
// A token bucket: every first attempt deposits `ratio` of a token, every resend withdraws one, and
// `floor_per_second` tokens flow in regardless, so that a quiet destination may resend too. The
// bucket holds ten seconds' worth at most. It keeps a failing destination from being hit twice as
// hard. Pure.

#include <algorithm>

#include "meshkit/base/clock.h"

namespace mesh::balance {

class RetryBudget {
 public:
  static constexpr double kWindowSeconds = 10;

  RetryBudget(double ratio, double floor_per_second, TimePoint now) noexcept
      : ratio_(ratio),
        floor_(floor_per_second),
        tokens_(floor_per_second * kWindowSeconds),
        at_(now) {}

  void deposit() noexcept { tokens_ = std::min(tokens_ + ratio_, kMostTokens); }

  // False when the budget is spent: the first failure is then the answer.
  bool withdraw(TimePoint now) noexcept {
    const double seconds = std::chrono::duration<double>(now - at_).count();
    at_ = now;
    const double floor_share = std::max(floor_ * kWindowSeconds, tokens_);
    tokens_ = std::min(tokens_ + seconds * floor_, floor_share);
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

 private:
  static constexpr double kMostTokens = 10'000;

  double ratio_;
  double floor_;
  double tokens_;
  TimePoint at_;
};

}  // namespace mesh::balance
