#pragma once
// Loop: one libuv loop with what every object on it shares.
//
// One thread runs a Loop and everything that hangs off it; nothing here is thread-safe except
// `wake` through async/mailbox.h. Objects on the loop are members of their owners; destroying one
// cancels what it waits for. `~Loop` aborts if a handle is still open, so a leak shows at once.
//
// A process with a Loop ignores SIGPIPE: a peer that went away is an error value.
//
// A turn: libuv runs the callbacks of everything that is ready; then, before it sleeps again,
//   1. every object that asked by `flush_later` gets `flush()` once (writes of a turn leave
//      together; an object may ask again from inside a flush and is served in the same pass);
//   2. everything given to `retire` is destroyed.
// So no frame on the stack can lose its object, and small writes share a system call.

#include <uv.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "meshkit/async/deadline_wheel.h"
#include "meshkit/base/block_pool.h"
#include "meshkit/base/bytes.h"
#include "meshkit/base/clock.h"
#include "meshkit/base/intrusive_list.h"
#include "meshkit/base/random.h"

namespace mesh {

class Loop;

struct FlushTag {};
// Something that gathers output during a turn. Unlinks itself when destroyed.
class Flushable : public ListLink<FlushTag> {
 public:
  virtual void flush() = 0;

 protected:
  ~Flushable() = default;
};

struct RetireTag {};
// Something that may be destroyed only at the end of the turn.
class Retirable : public ListLink<RetireTag> {
 public:
  virtual ~Retirable() = default;
};

class Loop final : public Clock {
 public:
  static constexpr std::size_t kScratchBytes = 64 * 1024;
  // What TLS makes of a full read: it, and the record that the read before had begun.
  static constexpr std::size_t kPlainScratchBytes = kScratchBytes + 17 * 1024;
  static constexpr Milliseconds kDeadlineTick{16};

  // `seed` feeds random(); tests pass a constant.
  explicit Loop(std::uint64_t seed = 1);
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  // Runs until stop() or until nothing is left to wait for.
  void run();
  // One turn; waits for an event if none is ready and `wait`. False when nothing is left.
  bool run_once(bool wait = true);
  void stop();

  // Monotonic time of this moment (a vDSO read, about 25 ns), not of the start of the turn.
  TimePoint now() const noexcept override;
  WallTime wall_now() const noexcept override;

  void flush_later(Flushable& object) noexcept { flush_.push_back(object); }

  // Takes ownership; destroys it at the end of this turn.
  void retire(std::unique_ptr<Retirable> object) noexcept;
  // The same for objects from a slab: `destroy` is called with `object` at the end of the turn.
  void retire(void* object, void* owner, void (*destroy)(void* owner, void* object));

  // For async/deadline.h: expires `entry` when `after` has passed, rounded up to a tick.
  void arm(WheelEntry& entry, Milliseconds after) noexcept;
  void disarm(WheelEntry& entry) noexcept;

  // Two scratch buffers for bytes in transit: `read_scratch` holds what the kernel delivered,
  // `plain_scratch` what TLS decrypted from it. Their contents live until the callback returns.
  MutableBytes read_scratch() noexcept { return {read_scratch_.get(), kScratchBytes}; }
  MutableBytes plain_scratch() noexcept { return {plain_scratch_.get(), kPlainScratchBytes}; }

  BlockPool& pool() noexcept { return pool_; }
  Random& random() noexcept { return random_; }
  uv_loop_t* raw() noexcept { return &loop_; }

 private:
  struct Retired {
    void* object;
    void* owner;
    void (*destroy)(void*, void*);
  };
  bool end_turn();  // whether there was anything to do
  bool destroy_retired();
  void wake_for_deadlines() noexcept;
  void on_deadline_timer();
  std::uint64_t ticks_at(TimePoint time) const noexcept;

  // A flush pass that grows beyond this goes on in the next turn, after polling.
  static constexpr int kFlushesPerTurn = 16 * 1024;

  uv_loop_t loop_;
  uv_prepare_t before_sleep_;  // ends the turn
  uv_idle_t stay_awake_;       // runs only while a flush pass was cut short
  uv_timer_t deadline_timer_;  // keeps the loop running only while a deadline is armed
  TimePoint start_;
  std::uint64_t timer_tick_;  // what deadline_timer_ waits for
  DeadlineWheel wheel_;
  IntrusiveList<Flushable, FlushTag> flush_;
  IntrusiveList<Retirable, RetireTag> retired_;
  std::vector<Retired> retired_raw_;
  std::unique_ptr<std::uint8_t[]> read_scratch_;
  std::unique_ptr<std::uint8_t[]> plain_scratch_;
  BlockPool pool_;
  Random random_;
  bool is_stopped_ = false;
};

}  // namespace mesh
