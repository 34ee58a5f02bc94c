#pragma once
// Drain: counts work in flight; told to stop, it says when the last of it is done.
//
// Whoever works holds a Work for as long. `stop` asks all who check `is_stopping` to begin nothing
// new; `drained` then runs once, at the end of a turn of the loop, when no Work is left. Destroying
// the Drain cancels the call; every Work must be gone before.

#include <cstddef>
#include <utility>

#include "meshkit/async/loop.h"
#include "meshkit/base/callback.h"

namespace mesh {

class Drain final : private Flushable {
 public:
  using Drained = Callback<void()>;

  // A unit of work in flight; ends with its destruction.
  class Work {
   public:
    Work() noexcept = default;
    explicit Work(Drain& drain) noexcept : drain_(&drain) { ++drain.in_flight_; }
    Work(Work&& other) noexcept : drain_(std::exchange(other.drain_, nullptr)) {}
    Work& operator=(Work&& other) noexcept {
      std::swap(drain_, other.drain_);
      return *this;
    }
    ~Work() {
      if (drain_ != nullptr) drain_->on_work_done();
    }

   private:
    Drain* drain_ = nullptr;
  };

  // `loop` must outlive the Drain.
  explicit Drain(Loop& loop) noexcept : loop_(loop) {}
  ~Drain();

  Work begin() noexcept { return Work(*this); }
  std::size_t in_flight() const noexcept { return in_flight_; }

  // To be called once.
  void stop(Drained drained);
  bool is_stopping() const noexcept { return is_stopping_; }

 private:
  void on_work_done() noexcept;
  void flush() override;

  Loop& loop_;
  std::size_t in_flight_ = 0;
  bool is_stopping_ = false;
  Drained drained_;
};

}  // namespace mesh
