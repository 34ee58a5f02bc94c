#include "meshkit/async/signal.h"

#include <cstdlib>
#include <utility>

namespace mesh {

Signal::Signal(Loop& loop, int number, Raised raised) : raised_(std::move(raised)) {
  uv_signal_t* handle = &handle_.create(this)->handle;
  // Fails only for want of a pipe at start-up or for a signal that cannot be caught.
  if (uv_signal_init(loop.raw(), handle) != 0) std::abort();
  if (uv_signal_start(handle, &Signal::on_signal, number) != 0) std::abort();
  uv_unref(reinterpret_cast<uv_handle_t*>(handle));
}

void Signal::on_signal(uv_signal_t* handle, int) {
  auto* self = static_cast<Signal*>(handle->data);
  if (self == nullptr) return;
  Raised raised = std::move(self->raised_);
  raised();
  if (handle->data != nullptr) self->raised_ = std::move(raised);
}

}  // namespace mesh
