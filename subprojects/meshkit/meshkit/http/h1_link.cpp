#include "meshkit/http/h1_link.h"

#include <algorithm>
#include <utility>

namespace mesh::http {

void H1Link::start(net::StreamEvents& events) {
  started_ = true;
  stream_->start(events);
  if (paused_) stream_->pause();
}

void H1Link::consumed(std::size_t bytes) noexcept { outstanding_ -= std::min(bytes, outstanding_); }

void H1Link::steer(bool hold) {
  const bool was_paused = paused_;
  if (hold || outstanding_ > window_)
    paused_ = true;
  else if (outstanding_ <= window_ / 2)
    paused_ = false;
  if (!started_ || paused_ == was_paused) return;
  if (paused_)
    stream_->pause();
  else
    stream_->resume();
}

std::size_t H1Link::take_sent() noexcept {
  return stream_->congested() ? 0 : std::exchange(unsent_, 0);
}

}  // namespace mesh::http
