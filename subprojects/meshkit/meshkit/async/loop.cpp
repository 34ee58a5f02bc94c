#include "meshkit/async/loop.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <utility>

namespace mesh {
namespace {

constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

template <class T>
uv_handle_t* as_handle(T* handle) noexcept {
  return reinterpret_cast<uv_handle_t*>(handle);
}

}  // namespace

Loop::Loop(std::uint64_t seed)
    : start_(std::chrono::steady_clock::now()),
      timer_tick_(kNever),
      read_scratch_(std::make_unique_for_overwrite<std::uint8_t[]>(kScratchBytes)),
      plain_scratch_(std::make_unique_for_overwrite<std::uint8_t[]>(kPlainScratchBytes)),
      random_(seed) {
  if (std::signal(SIGPIPE, SIG_IGN) == SIG_ERR || uv_loop_init(&loop_) != 0) std::abort();
  loop_.data = this;

  uv_prepare_init(&loop_, &before_sleep_);
  uv_prepare_start(&before_sleep_, [](uv_prepare_t* handle) {
    static_cast<Loop*>(handle->loop->data)->end_turn();
  });
  uv_unref(as_handle(&before_sleep_));
  uv_idle_init(&loop_, &stay_awake_);
  uv_timer_init(&loop_, &deadline_timer_);
  uv_unref(as_handle(&deadline_timer_));
}

Loop::~Loop() {
  while (end_turn()) {
  }
  uv_close(as_handle(&before_sleep_), nullptr);
  uv_close(as_handle(&stay_awake_), nullptr);
  uv_close(as_handle(&deadline_timer_), nullptr);
  // Runs the close callbacks; after a stop() the first run only takes note of that.
  uv_run(&loop_, UV_RUN_NOWAIT);
  uv_run(&loop_, UV_RUN_NOWAIT);
  if (uv_loop_close(&loop_) == 0) return;
  std::fputs("Loop: destroyed with open handles:\n", stderr);
  uv_print_all_handles(&loop_, stderr);
  std::abort();
}

void Loop::run() {
  while (!is_stopped_) {
    end_turn();
    if (is_stopped_) break;
    uv_run(&loop_, UV_RUN_DEFAULT);
    if (!end_turn() && uv_loop_alive(&loop_) == 0) break;
  }
  is_stopped_ = false;
}

bool Loop::run_once(bool wait) {
  // What was asked for from outside of any callback happens now, and then there is news to report.
  if (end_turn()) wait = false;
  uv_run(&loop_, wait ? UV_RUN_ONCE : UV_RUN_NOWAIT);
  end_turn();
  return uv_loop_alive(&loop_) != 0;
}

void Loop::stop() {
  is_stopped_ = true;
  uv_stop(&loop_);
}

TimePoint Loop::now() const noexcept { return std::chrono::steady_clock::now(); }
WallTime Loop::wall_now() const noexcept { return std::chrono::system_clock::now(); }

void Loop::retire(std::unique_ptr<Retirable> object) noexcept {
  if (object) retired_.push_back(*object.release());
}

void Loop::retire(void* object, void* owner, void (*destroy)(void* owner, void* object)) {
  retired_raw_.push_back({object, owner, destroy});
}

bool Loop::end_turn() {
  bool worked = false;
  int budget = kFlushesPerTurn;
  do {
    while (budget > 0) {
      Flushable* object = flush_.pop_front();
      if (object == nullptr) break;
      object->flush();
      worked = true;
      --budget;
    }
    worked |= destroy_retired();
  } while (budget > 0 && !flush_.empty());

  if (uv_is_closing(as_handle(&stay_awake_)) != 0) return worked;
  if (flush_.empty()) {
    uv_idle_stop(&stay_awake_);
  } else {
    uv_idle_start(&stay_awake_, [](uv_idle_t*) {});
  }
  return worked;
}

// What is destroyed may retire more.
bool Loop::destroy_retired() {
  bool worked = false;
  while (!retired_.empty() || !retired_raw_.empty()) {
    worked = true;
    while (Retirable* object = retired_.pop_front()) std::unique_ptr<Retirable>(object).reset();
    for (std::size_t i = 0; i < retired_raw_.size(); ++i) {
      const Retired last = retired_raw_[i];
      last.destroy(last.owner, last.object);
    }
    retired_raw_.clear();
  }
  return worked;
}

std::uint64_t Loop::ticks_at(TimePoint time) const noexcept {
  return static_cast<std::uint64_t>((time - start_) / kDeadlineTick);
}

void Loop::arm(WheelEntry& entry, Milliseconds after) noexcept {
  const TimePoint time = now();
  wheel_.catch_up(ticks_at(time));
  if (wheel_.is_empty()) uv_ref(as_handle(&deadline_timer_));
  // Rounded up, so that it never expires early.
  const std::uint64_t tick =
      ticks_at(time + std::max(after, Milliseconds(0)) + kDeadlineTick - Nanoseconds(1));
  wheel_.arm(entry, tick);
  if (tick < timer_tick_) wake_for_deadlines();
}

void Loop::disarm(WheelEntry& entry) noexcept {
  if (!entry.is_linked()) return;
  wheel_.disarm(entry);
  // The timer is left to fire once for nothing: cheaper than stopping and starting it.
  if (wheel_.is_empty()) uv_unref(as_handle(&deadline_timer_));
}

void Loop::wake_for_deadlines() noexcept {
  timer_tick_ = wheel_.next_tick().value_or(kNever);
  if (timer_tick_ == kNever) return;
  const TimePoint due = start_ + kDeadlineTick * static_cast<std::int64_t>(timer_tick_);
  const auto wait = std::chrono::ceil<Milliseconds>(std::max(due - now(), Nanoseconds(0)));
  uv_update_time(&loop_);
  uv_timer_start(
      &deadline_timer_,
      [](uv_timer_t* timer) { static_cast<Loop*>(timer->loop->data)->on_deadline_timer(); },
      static_cast<std::uint64_t>(wait.count()), 0);
}

void Loop::on_deadline_timer() {
  timer_tick_ = kNever;
  const bool was_empty = wheel_.is_empty();
  wheel_.advance(ticks_at(now()));
  if (!was_empty && wheel_.is_empty()) uv_unref(as_handle(&deadline_timer_));
  wake_for_deadlines();
}

}  // namespace mesh
