#include "meshkit/async/deadline_wheel.h"

#include <algorithm>
#include <bit>

namespace mesh {
namespace {

constexpr std::uint64_t kSlotMask = DeadlineWheel::kSlots - 1;

int slot_of(std::uint64_t tick, int level) noexcept {
  return static_cast<int>((tick >> (DeadlineWheel::kSlotBits * level)) & kSlotMask);
}

}  // namespace

void DeadlineWheel::arm(WheelEntry& entry, std::uint64_t tick) noexcept {
  disarm(entry);
  entry.expiry_ = std::clamp(tick, current_ + 1, current_ + kFarthest);
  place(entry);
}

void DeadlineWheel::disarm(WheelEntry& entry) noexcept {
  if (!entry.is_linked()) return;
  entry.unlink();
  auto& slot = slots_[entry.level_][entry.slot_];
  if (slot.empty()) used_[entry.level_] &= ~(std::uint64_t{1} << entry.slot_);
}

// The highest differing digit decides; the current tick itself counts as level 0.
void DeadlineWheel::place(WheelEntry& entry) noexcept {
  const std::uint64_t difference = (entry.expiry_ ^ current_) | kSlotMask;
  const int level = (static_cast<int>(std::bit_width(difference)) - 1) / kSlotBits;
  const int slot = slot_of(entry.expiry_, level);
  entry.level_ = static_cast<std::uint8_t>(level);
  entry.slot_ = static_cast<std::uint8_t>(slot);
  const auto at = static_cast<std::size_t>(level);
  slots_[at][static_cast<std::size_t>(slot)].push_back(entry);
  used_[at] |= std::uint64_t{1} << slot;
}

std::optional<DeadlineWheel::Stop> DeadlineWheel::next_stop() const noexcept {
  // Lower levels come first: all of level n lies within the current slot of level n + 1.
  for (int level = 0; level < kLevels; ++level) {
    const std::uint64_t used = used_[static_cast<std::size_t>(level)];
    if (used == 0) continue;
    const int slot = std::countr_zero(used);
    const int above = kSlotBits * (level + 1);
    const std::uint64_t start =
        ((current_ >> above) << above) | (static_cast<std::uint64_t>(slot) << (kSlotBits * level));
    return Stop{start, level, slot};
  }
  return std::nullopt;
}

std::optional<std::uint64_t> DeadlineWheel::next_tick() const noexcept {
  const auto stop = next_stop();
  if (!stop) return std::nullopt;
  return stop->tick;
}

void DeadlineWheel::catch_up(std::uint64_t tick) noexcept {
  const auto stop = next_stop();
  if (stop) tick = std::min(tick, stop->tick - 1);
  current_ = std::max(current_, tick);
}

void DeadlineWheel::advance(std::uint64_t tick) {
  for (auto stop = next_stop(); stop && stop->tick <= tick; stop = next_stop()) {
    current_ = std::max(current_, stop->tick);
    visit(*stop);
  }
  current_ = std::max(current_, tick);
}

// Nothing placed from here lands in this very slot: entries of a higher level move down, and those
// that an expiry arms lie after the current tick.
void DeadlineWheel::visit(const Stop& stop) {
  const auto level = static_cast<std::size_t>(stop.level);
  auto& slot = slots_[level][static_cast<std::size_t>(stop.slot)];
  while (WheelEntry* entry = slot.pop_front()) {
    if (slot.empty()) used_[level] &= ~(std::uint64_t{1} << stop.slot);
    if (level == 0) {
      entry->on_expired();
    } else {
      place(*entry);
    }
  }
  used_[level] &= ~(std::uint64_t{1} << stop.slot);
}

}  // namespace mesh
