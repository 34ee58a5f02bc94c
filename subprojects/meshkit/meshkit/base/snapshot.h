#pragma once
// Snapshot<T>: an immutable value that several threads may hold and drop independently.
//
// How the control thread hands what it knows to workers: made once, never changed, freed by whoever
// lets go of it last. Copying counts atomically; reading costs nothing. The one shared ownership in
// the code base, and only for values that nobody can change.

#include <atomic>
#include <cstdint>
#include <utility>

namespace mesh {

template <class T>
class Snapshot {
 public:
  Snapshot() noexcept = default;  // holds nothing
  explicit Snapshot(T value) : box_(new Box(std::move(value))) {}
  Snapshot(const Snapshot& other) noexcept : box_(other.box_) {
    if (box_ != nullptr) box_->holders.fetch_add(1, std::memory_order_relaxed);
  }
  Snapshot(Snapshot&& other) noexcept : box_(std::exchange(other.box_, nullptr)) {}
  Snapshot& operator=(Snapshot other) noexcept {
    std::swap(box_, other.box_);
    return *this;
  }
  ~Snapshot() {
    if (box_ != nullptr && box_->holders.fetch_sub(1, std::memory_order_acq_rel) == 1) delete box_;
  }

  explicit operator bool() const noexcept { return box_ != nullptr; }
  const T& operator*() const noexcept { return box_->value; }
  const T* operator->() const noexcept { return &box_->value; }
  // The same object, not merely an equal one.
  bool is_same(const Snapshot& other) const noexcept { return box_ == other.box_; }

 private:
  struct Box {
    explicit Box(T made) : value(std::move(made)) {}
    const T value;
    std::atomic<std::uint32_t> holders{1};
  };
  Box* box_ = nullptr;
};

}  // namespace mesh
