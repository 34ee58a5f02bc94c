#pragma once
// Signal: a POSIX signal as an event on the loop. Waiting for one does not keep the loop running.

#include <uv.h>

#include "meshkit/async/handle.h"
#include "meshkit/async/loop.h"
#include "meshkit/base/callback.h"

namespace mesh {

class Signal {
 public:
  using Raised = Callback<void()>;

  // `loop` must outlive the Signal; destroying it restores the default action of `number` once no
  // other Signal waits for it. `raised` may destroy the Signal.
  Signal(Loop& loop, int number, Raised raised);
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

 private:
  struct Block {
    uv_signal_t handle;
  };
  static void on_signal(uv_signal_t* handle, int number);

  Handle<Block> handle_;
  Raised raised_;
};

}  // namespace mesh
