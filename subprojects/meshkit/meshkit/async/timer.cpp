#include "meshkit/async/timer.h"

#include <algorithm>
#include <utility>

namespace mesh {

void Timer::start(Milliseconds after, Milliseconds every, Fired fired) {
  if (!handle_) uv_timer_init(loop_.raw(), &handle_.create(this)->handle);
  fired_ = std::move(fired);
  // Counted from now, not from the start of this turn, so that it never fires early.
  uv_update_time(loop_.raw());
  uv_timer_start(&handle_->handle, &Timer::on_timer,
                 static_cast<std::uint64_t>(std::max(after, Milliseconds(0)).count()),
                 static_cast<std::uint64_t>(every.count()));
}

void Timer::stop() noexcept {
  if (handle_) uv_timer_stop(&handle_->handle);
  fired_.reset();
}

bool Timer::is_running() const noexcept {
  return handle_ && uv_is_active(reinterpret_cast<const uv_handle_t*>(&handle_->handle)) != 0;
}

// `fired` may destroy the Timer or start it anew; `timer` lives on until its close callback.
void Timer::on_timer(uv_timer_t* timer) {
  auto* self = static_cast<Timer*>(timer->data);
  if (self == nullptr) return;
  Fired fired = std::move(self->fired_);
  fired();
  if (timer->data == nullptr) return;
  const bool goes_on = self->is_running() && uv_timer_get_repeat(timer) != 0;
  if (goes_on && !self->fired_) self->fired_ = std::move(fired);
}

}  // namespace mesh
