#pragma once
// Deadline: a coarse timeout, one for each connection or request.
//
// Arming and disarming are O(1), without allocation or system call, so it may be done per request.
// All Deadlines of a loop share one wheel and one uv timer, which sleeps until the next one.
// `expired` comes never early and at most Loop::kDeadlineTick late (when the loop is not busy).

#include "meshkit/async/deadline_wheel.h"
#include "meshkit/async/loop.h"
#include "meshkit/base/callback.h"
#include "meshkit/base/clock.h"

namespace mesh {

class Deadline final : private WheelEntry {
 public:
  using Expired = Callback<void(), 16>;

  // `loop` must outlive the Deadline. `expired` may arm or destroy the Deadline.
  Deadline(Loop& loop, Expired expired) noexcept : loop_(loop), expired_(std::move(expired)) {}
  ~Deadline() override { disarm(); }

  // Arming again replaces the earlier time.
  void arm(Milliseconds after) noexcept { loop_.arm(*this, after); }
  void disarm() noexcept { loop_.disarm(*this); }
  bool is_armed() const noexcept { return is_linked(); }

 private:
  void on_expired() override;

  Loop& loop_;
  Expired expired_;
};

}  // namespace mesh
