#pragma once
// AllocationCounter: how often a scope asked the system allocator, by operator new or by malloc.
//
// Counts for the calling thread only. Linking this puts counting wrappers before the C library's
// malloc; the sanitizers bring their own, so under them every count is 0 and `is_counting` false.

#include <cstdint>

namespace mesh::test {

class AllocationCounter {
 public:
  AllocationCounter() noexcept;
  // Since construction.
  std::uint64_t count() const noexcept;
  std::uint64_t bytes() const noexcept;

  static bool is_counting() noexcept;

 private:
  std::uint64_t count_at_start_;
  std::uint64_t bytes_at_start_;
};

}  // namespace mesh::test
