#pragma once
// Time as an argument: what measures or waits takes a Clock, so that tests decide what time it is.

#include <chrono>

namespace mesh {

using TimePoint = std::chrono::steady_clock::time_point;
using Nanoseconds = std::chrono::nanoseconds;
using Milliseconds = std::chrono::milliseconds;
using WallTime = std::chrono::system_clock::time_point;

class Clock {
 public:
  virtual TimePoint now() const noexcept = 0;      // monotonic
  virtual WallTime wall_now() const noexcept = 0;  // for certificates, logs, tokens

 protected:
  ~Clock() = default;
};

class SystemClock final : public Clock {
 public:
  TimePoint now() const noexcept override { return std::chrono::steady_clock::now(); }
  WallTime wall_now() const noexcept override { return std::chrono::system_clock::now(); }
};

// Moves only when told to.
class ManualClock final : public Clock {
 public:
  TimePoint now() const noexcept override { return now_; }
  WallTime wall_now() const noexcept override { return wall_; }
  void advance(Nanoseconds by) noexcept {
    now_ += by;
    wall_ += std::chrono::duration_cast<WallTime::duration>(by);
  }

 private:
  TimePoint now_{std::chrono::hours(1)};
  WallTime wall_{std::chrono::hours(24 * 365 * 56)};
};

}  // namespace mesh
