#pragma once
// Load: how busy and how quick one server has been, for choosing between servers. Pure.
//
// Latency is a peak-sensitive moving average: a slower answer counts at once, quicker ones pull it
// down with a time constant of kDecay.

#include <cstddef>

#include "meshkit/base/clock.h"

namespace mesh::rpc {

class Load {
 public:
  static constexpr Nanoseconds kInitial = std::chrono::milliseconds(30);
  static constexpr Nanoseconds kDecay = std::chrono::seconds(10);

  void on_begin() noexcept { ++open_; }
  void on_end() noexcept { --open_; }
  // The server began to answer after `latency`.
  void on_answer(Nanoseconds latency, TimePoint now) noexcept;

  std::size_t open() const noexcept { return open_; }
  // Less is better.
  double cost() const noexcept { return latency_ * static_cast<double>(open_ + 1); }

 private:
  double latency_ = static_cast<double>(kInitial.count());  // ns
  TimePoint measured_{};
  std::size_t open_ = 0;
};

}  // namespace mesh::rpc
