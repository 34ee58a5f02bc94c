#pragma once
// Timer: calls back once after a delay, or again and again.
//
// For few and exact waits (1 ms). Timeouts per connection or request use async/deadline.h, which
// costs less. An idle Timer owns no memory. `start` while running replaces the earlier start. The
// callback may start, stop or destroy the Timer. Destroying it cancels.

#include <uv.h>

#include "meshkit/async/handle.h"
#include "meshkit/async/loop.h"
#include "meshkit/base/callback.h"
#include "meshkit/base/clock.h"

namespace mesh {

class Timer {
 public:
  using Fired = Callback<void()>;

  // `loop` must outlive the Timer.
  explicit Timer(Loop& loop) noexcept : loop_(loop) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  void start(Milliseconds after, Fired fired) { start(after, Milliseconds(0), std::move(fired)); }
  // The first call comes after `every`; `every` > 0. Calls missed while the loop was busy are
  // dropped, not made up for.
  void start_repeating(Milliseconds every, Fired fired) { start(every, every, std::move(fired)); }
  void stop() noexcept;
  bool is_running() const noexcept;

 private:
  struct Block {
    uv_timer_t handle;
  };
  void start(Milliseconds after, Milliseconds every, Fired fired);
  static void on_timer(uv_timer_t* timer);

  Loop& loop_;
  Handle<Block> handle_;
  Fired fired_;
};

}  // namespace mesh
