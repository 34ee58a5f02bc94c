#pragma once
// AllocationCounter: how often a scope asked the system allocator, by operator new or by malloc.
//
// Counts for the calling thread only. Linking this replaces malloc and friends by wrappers that
// count, except under AddressSanitizer and ThreadSanitizer, which own them: there only operator new
// is seen through, and `counts_everything` is false.

#include <cstdint>

namespace mesh::test {

class AllocationCounter {
 public:
  AllocationCounter() noexcept;
  // Since construction.
  std::uint64_t count() const noexcept;
  std::uint64_t bytes() const noexcept;

  static bool counts_everything() noexcept;

 private:
  std::uint64_t count_at_start_;
  std::uint64_t bytes_at_start_;
};

}  // namespace mesh::test
