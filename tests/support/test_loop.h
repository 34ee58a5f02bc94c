#pragma once
// TestLoop: a Loop that tests run until something has happened.

#include <uv.h>

#include "meshkit/async/handle.h"
#include "meshkit/async/loop.h"

namespace mesh::test {

class TestLoop {
 public:
  TestLoop();

  // NOLINTNEXTLINE(google-explicit-constructor): it is a loop
  operator Loop&() noexcept { return loop_; }
  Loop& loop() noexcept { return loop_; }
  Loop* operator->() noexcept { return &loop_; }

  // Runs turns until `is_done()`; false when that took longer than `limit` or nothing is left to
  // wait for.
  template <class IsDone>
  bool run_until(IsDone&& is_done, Milliseconds limit = Milliseconds(5000)) {
    const TimePoint deadline = loop_.now() + limit;
    while (!is_done()) {
      if (loop_.now() > deadline) return false;
      if (!loop_.run_once()) return is_done();
    }
    return true;
  }

  // Runs turns while anything happens at once; waits for nothing.
  void settle(int turns = 10) {
    for (int i = 0; i < turns; ++i) loop_.run_once(false);
  }

 private:
  struct Block {
    uv_timer_t handle;
  };
  Loop loop_;
  Handle<Block> waker_;  // so that no turn waits for ever; does not keep the loop running
};

}  // namespace mesh::test
