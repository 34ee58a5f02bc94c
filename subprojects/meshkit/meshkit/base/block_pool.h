#pragma once
// BlockPool: recycled memory blocks in power-of-two size classes, for one loop.
//
// What it hands out it takes back and keeps, so that work which allocates and frees in a steady
// pattern (HTTP/2 streams, header arenas, TLS buffers) touches the system allocator only while it
// warms up. Not thread-safe: a block returns to the pool of the thread that took it. Blocks larger
// than the largest class come from malloc and go back to it.

#include <array>
#include <cstddef>
#include <cstdint>

namespace mesh {

class BlockPool {
 public:
  static constexpr std::size_t kSmallest = 32;
  static constexpr std::size_t kLargest = 128 * 1024;

  BlockPool() noexcept = default;
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;
  // Every block must have come back.
  ~BlockPool();

  // Never null: out of memory aborts. Aligned for any type.
  void* allocate(std::size_t bytes) noexcept;
  void free(void* block) noexcept;  // null is allowed
  void* reallocate(void* block, std::size_t bytes) noexcept;

  // How many bytes a block really has; at least what was asked for.
  static std::size_t usable_size(const void* block) noexcept;

  // Gives idle blocks back to the system until at most `keep` bytes of them remain.
  void trim(std::size_t keep) noexcept;

  std::size_t bytes_in_use() const noexcept { return in_use_; }
  std::size_t bytes_idle() const noexcept { return idle_; }
  // How often the system allocator was asked; constant once warm.
  std::uint64_t system_allocations() const noexcept { return system_allocations_; }

 private:
  struct FreeBlock {
    FreeBlock* next;
  };
  static constexpr int kClasses = 13;  // 32 B ... 128 KiB

  std::array<FreeBlock*, kClasses> free_{};
  std::size_t in_use_ = 0;
  std::size_t idle_ = 0;
  std::uint64_t system_allocations_ = 0;
};

}  // namespace mesh
