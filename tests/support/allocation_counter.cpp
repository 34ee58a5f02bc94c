#include "tests/support/allocation_counter.h"

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MESH_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MESH_SANITIZED 1
#endif
#endif

namespace {

struct Tally {
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;
};
thread_local constinit Tally tally;

}  // namespace

#ifndef MESH_SANITIZED

extern "C" {

// The C library's own, under the names it keeps for those who replace malloc.
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);

void* malloc(std::size_t size) noexcept {
  ++tally.count;
  tally.bytes += size;
  return __libc_malloc(size);
}

void* calloc(std::size_t count, std::size_t size) noexcept {
  ++tally.count;
  tally.bytes += count * size;
  return __libc_calloc(count, size);
}

void* realloc(void* block, std::size_t size) noexcept {
  ++tally.count;
  tally.bytes += size;
  return __libc_realloc(block, size);
}

}  // extern "C"

#endif

namespace mesh::test {

AllocationCounter::AllocationCounter() noexcept
    : count_at_start_(tally.count), bytes_at_start_(tally.bytes) {}

std::uint64_t AllocationCounter::count() const noexcept { return tally.count - count_at_start_; }
std::uint64_t AllocationCounter::bytes() const noexcept { return tally.bytes - bytes_at_start_; }

bool AllocationCounter::is_counting() noexcept {
#ifdef MESH_SANITIZED
  return false;
#else
  return true;
#endif
}

}  // namespace mesh::test
