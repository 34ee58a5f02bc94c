#include "meshkit/async/drain.h"

#include <cstdlib>
#include <utility>

namespace mesh {

Drain::~Drain() {
  if (in_flight_ != 0) std::abort();  // a Work would outlive its Drain
}

void Drain::stop(Drained drained) {
  is_stopping_ = true;
  drained_ = std::move(drained);
  if (in_flight_ == 0) loop_.flush_later(*this);
}

void Drain::on_work_done() noexcept {
  --in_flight_;
  if (in_flight_ == 0 && is_stopping_) loop_.flush_later(*this);
}

// Work that has begun meanwhile holds it up.
void Drain::flush() {
  if (in_flight_ != 0 || !drained_) return;
  Drained drained = std::move(drained_);
  drained();
}

}  // namespace mesh
