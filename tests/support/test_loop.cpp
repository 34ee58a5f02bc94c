#include "tests/support/test_loop.h"

namespace mesh::test {

TestLoop::TestLoop() {
  uv_timer_t* timer = &waker_.create(this)->handle;
  uv_timer_init(loop_.raw(), timer);
  uv_timer_start(timer, [](uv_timer_t*) {}, 50, 50);
  uv_unref(reinterpret_cast<uv_handle_t*>(timer));
}

}  // namespace mesh::test
