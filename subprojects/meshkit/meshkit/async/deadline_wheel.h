#pragma once
// DeadlineWheel: a hierarchical timing wheel; the pure part of async/deadline.h.
//
// Arming and disarming are O(1) and never allocate. Time is counted in ticks since an origin that
// the caller chooses. Six levels of 64 slots; a slot of level n spans 64^n ticks:
//
//   level 0  | t | t+1 | ... | t+63 |                 one tick a slot: here entries expire
//   level 1  | 64 ticks | ... |                       on reaching a slot of a higher level its
//   level 2  | 4096 ticks | ... |                     entries move to lower levels
//
// An entry stands in the level of the highest digit (base 64) in which its tick differs from the
// current one, so a level only ever holds slots after the current one and never wraps.

#include <array>
#include <cstdint>
#include <optional>

#include "meshkit/base/intrusive_list.h"

namespace mesh {

struct WheelTag {};

// What expires. Whatever derives from it disarms it before it is destroyed.
class WheelEntry : public ListLink<WheelTag> {
 public:
  WheelEntry() noexcept = default;

 protected:
  virtual ~WheelEntry() = default;  // virtual because a friend could end it

 private:
  friend class DeadlineWheel;
  // Called disarmed; may arm again, and may arm, disarm or destroy any entry.
  virtual void on_expired() = 0;

  std::uint64_t expiry_ = 0;
  std::uint8_t level_ = 0;
  std::uint8_t slot_ = 0;
};

class DeadlineWheel {
 public:
  static constexpr int kLevels = 6;
  static constexpr int kSlotBits = 6;
  static constexpr int kSlots = 1 << kSlotBits;
  static constexpr std::uint64_t kFarthest = std::uint64_t{1} << 34;  // ticks ahead, at most

  // The entry expires at `tick`, or at the next tick if that has passed. Re-arms an armed entry.
  void arm(WheelEntry& entry, std::uint64_t tick) noexcept;
  void disarm(WheelEntry& entry) noexcept;

  // Moves time forward to `tick`, expiring in order what is due, late entries of one tick in the
  // order armed. Not to be called from inside an expiry.
  void advance(std::uint64_t tick);

  // Moves time forward to `tick` as far as nothing is due before it. Keeps later arming exact after
  // a quiet time; needed for nothing else.
  void catch_up(std::uint64_t tick) noexcept;

  // The next tick at which `advance` has something to do; none when nothing is armed. May be
  // earlier than the first expiry.
  std::optional<std::uint64_t> next_tick() const noexcept;
  std::uint64_t current_tick() const noexcept { return current_; }
  bool is_empty() const noexcept {
    std::uint64_t any = 0;
    for (const std::uint64_t used : used_) any |= used;
    return any == 0;
  }

 private:
  using Slot = IntrusiveList<WheelEntry, WheelTag>;
  struct Stop {
    std::uint64_t tick;  // where the slot begins
    int level;
    int slot;
  };
  void place(WheelEntry& entry) noexcept;
  std::optional<Stop> next_stop() const noexcept;
  void visit(const Stop& stop);

  std::uint64_t current_ = 0;
  std::array<std::uint64_t, kLevels> used_{};  // bit s of level n: slots_[n][s] is not empty
  std::array<std::array<Slot, kSlots>, kLevels> slots_;
};

}  // namespace mesh
